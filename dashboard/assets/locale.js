// Spanish for the calendar (day.js) and the charts (plotly.js), which bring only English along.
// Both look for these names when they start: https://day.js.org/docs/en/customization/customization
(function () {
  var days = ["domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"];
  var months = [
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
  ];
  function firstThree(words) {
    return words.map(function (word) { return word.slice(0, 3); });
  }
  window.dayjs_locale_es = {
    name: "es",
    weekdays: days,
    weekdaysShort: firstThree(days),
    weekdaysMin: ["do", "lu", "ma", "mi", "ju", "vi", "sá"],
    months: months,
    monthsShort: firstThree(months),
    weekStart: 1,
    formats: { LT: "H:mm", LTS: "H:mm:ss", L: "DD/MM/YYYY", LL: "D [de] MMMM [de] YYYY" },
    ordinal: function (number) { return number + "º"; },
  };
  window.PlotlyLocales = [
    {
      moduleType: "locale",
      name: "es",
      dictionary: {},
      format: {
        days: days,
        shortDays: firstThree(days),
        months: months,
        shortMonths: firstThree(months),
        date: "%d/%m/%Y",
        decimal: ",",
        thousands: ".",
      },
    },
  ];
})();

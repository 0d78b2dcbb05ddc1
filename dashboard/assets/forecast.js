// The day of a row of the table of days, "vie 25 dic", with the name of its holiday below.
window.dashAgGridFunctions = Object.assign({}, window.dashAgGridFunctions, {
  forecastDay: function (iso, holiday) {
    var tongue = document.documentElement.lang === "en" ? "en-GB" : "es-AR";
    var shown = new Intl.DateTimeFormat(tongue, {
      weekday: "short",
      day: "numeric",
      month: "short",
      timeZone: "UTC",
    }).format(new Date(iso));
    return holiday ? shown + "\n" + holiday : shown;
  },
});

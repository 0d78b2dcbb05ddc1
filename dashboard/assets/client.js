// What only the browser can do: number formats inside tables, the language, the phone's menu, reloading a table.
window.dashAgGridFunctions = Object.assign({}, window.dashAgGridFunctions, {
  number: function (value, decimals) {
    if (value === null || value === undefined) return "—";
    return new Intl.NumberFormat(document.documentElement.lang === "en" ? "en-GB" : "es-AR", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      useGrouping: true,
    }).format(value).replace("-", "−");
  },
});

// The switch of languages: the choice is kept a year, and the page comes anew in it.
document.addEventListener("click", function (event) {
  var button = event.target.closest("#language");
  if (!button) return;
  document.cookie = "idioma=" + button.dataset.language + ";path=/;max-age=31536000;samesite=lax";
  location.reload();
});

// A login that has run out: what the page fetches is refused, so it leads to the login and from there back here.
(function () {
  var fetched = window.fetch;
  window.fetch = function () {
    return fetched.apply(window, arguments).then(function (response) {
      var asked = new URL(response.url, location.href);
      if (response.status === 401 && asked.origin === location.origin)
        location.assign("/entrar?a=" + encodeURIComponent(location.pathname + location.search));
      return response;
    });
  };
})();

window.dash_clientside = Object.assign({}, window.dash_clientside, {
  polling: {
    // A tick asks nothing while the last question is under way: its answer would be dropped.
    due: function (ticks, busy) {
      return busy ? window.dash_clientside.no_update : ticks || 0;
    },
  },
  shell: {
    // What went wrong on one page is not said of the next.
    forget_fault: function () {
      return true;
    },
    // A tap on the burger opens or closes the menu; arriving at a page closes it.
    navigation: function (opened, _pathname, navbar) {
      var tapped = window.dash_clientside.callback_context.triggered_id === "burger";
      var open = tapped && opened;
      return [Object.assign({}, navbar, { collapsed: { mobile: !open } }), open];
    },
  },
});

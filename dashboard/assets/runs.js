// The clocks of runs at work go on between two answers of the server: the list is drawn anew only when it changed, so
// that the focus stays where it is.
setInterval(function () {
  document.querySelectorAll("[data-since]").forEach(function (clock) {
    var seconds = Math.max(0, Math.floor((Date.now() - Date.parse(clock.dataset.since)) / 1000));
    var minutes = Math.floor(seconds / 60);
    clock.textContent =
      seconds < 60
        ? seconds + " s"
        : minutes < 60
          ? minutes + " min " + (seconds % 60) + " s"
          : Math.floor(minutes / 60) + " h " + (minutes % 60) + " min";
  });
}, 1000);

// The table of the history: anew from its first page when what is wanted changes; Enter opens a row as a click does.
window.dash_clientside = Object.assign({}, window.dash_clientside, {
  history: {
    reload: function () {
      var grid = window.dash_ag_grid && window.dash_ag_grid.getApi("history-grid");
      if (grid) {
        grid.paginationGoToFirstPage();
        grid.purgeInfiniteCache();
      }
      return window.dash_clientside.no_update;
    },
  },
});

document.addEventListener("keydown", function (event) {
  var cell = event.key === "Enter" && event.target.closest("#history-grid [role=gridcell]");
  if (cell) cell.click();
});

// Functions that the grids call by name.
(() => {
  "use strict";
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  // Undefined is a row that is still on its way.
  functions.htAge = (atUs) => (atUs === undefined ? "" : window.ht.age(Number(atUs)));
  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  components.HtLink = (props) =>
    props.data ? React.createElement("a", { href: props.value }, props.data[`${props.colDef.field}_text`]) : null;

  // A grid that holds one page asks for it again: from the first page on when the filters above it changed.
  const searched = new Map();
  function gridApi(id) {
    try {
      return window.dash_ag_grid.getApi(id);
    } catch {
      return null; // not drawn yet
    }
  }
  function askAgain(search, _tick, id) {
    const grid = gridApi(id);
    if (grid) {
      if (searched.has(id) && searched.get(id) !== search) grid.purgeInfiniteCache();
      else grid.refreshInfiniteCache();
    }
    searched.set(id, search);
    return window.dash_clientside.no_update;
  }
  window.ht = Object.assign(window.ht || {}, { gridApi });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { ht: { ...window.dash_clientside?.ht, askAgain } });
})();

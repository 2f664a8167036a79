// Functions that the grids call by name.
(() => {
  "use strict";
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.htAge = (atUs) => window.ht.age(Number(atUs));
  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  components.HtLink = (props) =>
    React.createElement("a", { href: props.value }, props.data[`${props.colDef.field}_text`]);
})();

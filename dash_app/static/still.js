// Draws a tree of plain elements as one component of Dash; see dash_app/pages/still.py.
(() => {
  "use strict";
  // As Dash's own links do: the page changes without being loaded anew.
  function follow(event) {
    if (event.metaKey || event.shiftKey || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    window.history.pushState({}, "", event.currentTarget.href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }
  function build(node) {
    if (node === null || typeof node !== "object") return node;
    if (Array.isArray(node)) return React.createElement(React.Fragment, null, ...node.map(build));
    const attributes = node.link ? { ...node.a, onClick: follow } : node.a;
    const children = Array.isArray(node.c) ? node.c.map(build) : [build(node.c)];
    return React.createElement(node.t, attributes, ...children);
  }
  window.hospital_twin = { Still: (props) => build(props.tree) };
})();

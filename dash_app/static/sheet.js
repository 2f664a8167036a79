// What is pasted from a spreadsheet into a small sheet is spread over its fields, with as many more rows as it needs.
(() => {
  "use strict";
  const rowsOf = (part) => [...part.querySelectorAll("tbody tr")];
  const cut = (line) => line.split(line.includes("\t") ? "\t" : /[;；]/).map((cell) => cell.trim());

  function put(field, text) {
    if (!field || field.tagName !== "INPUT") return;
    let value = text;
    // A choice takes the text that its reader sees; what is none of its texts stays for the person to choose.
    if (field.getAttribute("aria-haspopup") === "listbox" || field.readOnly) return;
    window.dash_clientside.set_props(JSON.parse(field.id), { value });
  }

  function spread(part, table, firstRow, firstColumn, patience) {
    const rows = rowsOf(part);
    if (rows.length < firstRow + table.length && patience > 0) {
      const button = document.getElementById(part.dataset.sheet);
      // One press at a time: each answer counts the rows that stand there.
      if (button && rows.length !== part.sheetRows) {
        part.sheetRows = rows.length;
        button.click();
      }
      window.setTimeout(() => spread(part, table, firstRow, firstColumn, patience - 1), 60);
      return;
    }
    part.sheetRows = undefined;
    table.forEach((cells, down) => {
      const fields = rows[firstRow + down] ? [...rows[firstRow + down].querySelectorAll("td input[id]")] : [];
      cells.forEach((text, right) => put(fields[firstColumn + right], text));
    });
  }

  document.addEventListener("paste", (event) => {
    const part = event.target.closest?.("[data-sheet]");
    const cell = event.target.closest?.("td");
    const text = event.clipboardData?.getData("text/plain") || "";
    if (!part || !cell || !/[\t\n;；]/.test(text.trim())) return;
    event.preventDefault();
    const table = text.replace(/\r/g, "").split("\n").filter((line) => line.trim()).map(cut);
    spread(part, table, rowsOf(part).indexOf(cell.parentElement), [...cell.parentElement.children].indexOf(cell), 200);
  });
})();

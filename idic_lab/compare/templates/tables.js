// Tables of the report: a click on a heading sorts, words in the field above keep the rows that hold them all.
"use strict";
const number = (cell) => { const found = cell.textContent.replace(/,/g, "").match(/-?\d+(\.\d+)?(e[-+]?\d+)?/); return found && cell.classList.contains("number") ? +found[0] : NaN; };
for (const table of document.querySelectorAll("table.sorted")) {
  const rows = [...table.querySelectorAll("tr")].filter((row) => row.querySelector("td"));
  table.querySelectorAll("th").forEach((head, column) => {
    const sort = () => {
      const up = head.getAttribute("aria-sort") === "descending";
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const by = (row) => [number(row.cells[column]), row.cells[column].textContent];
      const before = (a, b) => { const [x, s] = by(a), [y, t] = by(b); return isNaN(x) || isNaN(y) ? isNaN(x) - isNaN(y) || t.localeCompare(s) : y - x; };
      rows.sort((a, b) => (up ? -1 : 1) * before(a, b)).forEach((row) => row.parentNode.append(row));
    };
    head.tabIndex = 0;
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => event.key === "Enter" && sort());
  });
  if (rows.length < 12) continue;
  const field = Object.assign(document.createElement("input"), { type: "search", placeholder: "show rows with … (as in: ward holdout)", className: "screen" });
  field.setAttribute("aria-label", "show rows with");
  field.addEventListener("input", () => rows.forEach((row) => { row.hidden = !field.value.toLowerCase().split(/\s+/).every((word) => row.textContent.toLowerCase().includes(word)); }));
  table.before(field);
}

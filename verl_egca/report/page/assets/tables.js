"use strict";
// Each chart's values as a table, made when it is opened: long runs have many.

for (const details of document.querySelectorAll("details[data-chart]")) {
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    const { head, rows: body, every } = DATA.charts[details.dataset.chart];
    const table = make("table", {},
      make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col", class: "n" }, name)))),
      make("tbody", {}, ...body.map((row) => make("tr", {}, ...row.map((cell, at) => make(at ? "td" : "th", at ? { class: "n" } : { class: "n", scope: "row" }, cell))))),
    );
    details.append(make("div", { class: "scroll" }, table));
    if (every > 1) details.append(make("p", { class: "note" }, `Every ${every}th step; all are in metrics.jsonl.`));
  });
}

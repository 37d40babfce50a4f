// Comfort, not need: finds and sorts columns. Everything can be read without it.
"use strict";

(() => {
  const table = document.getElementById("drift-table");
  if (!table) return;
  const find = document.getElementById("find");
  const found = document.getElementById("found");
  const rows = [...table.querySelectorAll("tbody tr")];
  const bodies = [...table.tBodies];
  const sizes = bodies.map((body) => body.rows.length);

  const key = (row, place) => {
    const cell = row.cells[place];
    const text = cell.dataset.sort ?? cell.textContent.trim();
    const number = Number(text.replace(/[\s\u202f]/g, "").replace("−", "-").replace("%", ""));
    return text !== "" && !Number.isNaN(number) ? number : text;
  };
  const compare = (a, b) => {
    if (typeof a === typeof b) return typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
    return typeof a === "number" ? 1 : -1;
  };

  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    if (head.textContent === "Share of rows" || head.textContent === "What made it") return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const way = head.getAttribute("aria-sort") === "descending" ? "ascending" : "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", way);
      const sign = way === "ascending" ? 1 : -1;
      const sorted = rows.toSorted((a, b) => sign * compare(key(a, place), key(b, place)));
      let at = 0;
      bodies.forEach((body, i) => body.replaceChildren(...sorted.slice(at, (at += sizes[i]))));
    });
  });

  find.closest("p").hidden = rows.length < 10;
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    table.classList.toggle("finding", wanted !== "");
    let count = 0;
    for (const row of rows) {
      row.hidden = wanted !== "" && !row.cells[0].textContent.toLowerCase().includes(wanted);
      count += row.hidden ? 0 : 1;
    }
    found.textContent = wanted === "" ? "" : `${count} of ${rows.length}`;
  });
})();

// Filter and sort tables of the site; without this script they are plain tables.
(function () {
  "use strict";
  // Eighty-odd requirements are read at one look: no pages. Set before sphinx-needs' own script starts.
  document.querySelectorAll("table.kfm-needs").forEach(function (table) {
    table.setAttribute("data-needstable-page-size", "0");
    table.setAttribute("data-needstable-page-sizes", "0,10,25,50");
    // A status by its sign: the table knows no colours of ours.
    var signs = { "✓": "met", "✗": "not-met", "✎": "attested", "≈": "waived", "?": "not-verified", "–": "not-applicable" };
    table.querySelectorAll("td.needs_status").forEach(function (cell) {
      var status = signs[cell.textContent.trim().charAt(0)];
      var target = cell.querySelector("p") || cell;
      if (status && target.childElementCount <= 1) {
        var chip = document.createElement("span");
        chip.className = "kfm-chip kfm-" + status;
        chip.textContent = cell.textContent.trim();
        target.textContent = "";
        target.appendChild(chip);
      }
    });
  });
  document.querySelectorAll("[data-kfm-filter]").forEach(function (input) {
    var rows = document.querySelectorAll("#" + input.dataset.kfmFilter + " tbody tr");
    input.addEventListener("input", function () {
      var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach(function (row) {
        var text = row.textContent.toLowerCase();
        row.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
      });
    });
  });
  document.querySelectorAll("table.kfm-sortable thead th").forEach(function (head) {
    head.tabIndex = 0;
    head.setAttribute("role", "columnheader");
    function sort() {
      var body = head.closest("table").tBodies[0];
      var column = head.cellIndex;
      var down = head.getAttribute("aria-sort") === "ascending";
      head.parentNode.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      Array.prototype.slice.call(body.rows).sort(function (a, b) {
        var order = a.cells[column].textContent.localeCompare(b.cells[column].textContent, "en", { numeric: true });
        return down ? -order : order;
      }).forEach(function (row) { body.appendChild(row); });
    }
    head.addEventListener("click", sort);
    head.addEventListener("keydown", function (event) { if (event.key === "Enter") { sort(); } });
  });
  // A link to something folded away unfolds it.
  function unfold() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") { node.open = true; }
    }
    if (target) { target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", unfold);
  unfold();
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details.kfm-group, details.kfm-figure, .kfm-diff > details").forEach(function (each) { each.open = true; });
  });
})();

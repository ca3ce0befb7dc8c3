"""What the page does: filters, orders and opens what is there already. Without it everything is still readable.

It makes no text out of markup, stores nothing and asks nobody. Currencies are ordered apart, never against each other.
"""

from __future__ import annotations

SCRIPT = """
(() => {
  "use strict";
  const controls = document.getElementById("controls");
  const all = (what, from = document) => Array.from(from.querySelectorAll(what));
  const details = all("details");
  let before = [];
  addEventListener("beforeprint", () => {
    before = details.filter((one) => !one.open);
    for (const one of before) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of before) one.open = false; });
  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const fold = target && target.closest("details");
    if (fold) fold.open = true;
  };
  addEventListener("hashchange", reveal);
  if (!controls) return;
  controls.hidden = false;
  const [text, customer, order, lasting] = ["text", "customer", "order", "lasting"]
    .map((id) => document.getElementById(id));
  const kinds = all("input[name=kind]", controls);
  const status = document.getElementById("status");
  const toggle = document.getElementById("toggle");
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const amount = (plain, code) => {
    const found = (plain || "").split(";").find((one) => one.startsWith(code + " "));
    return found ? Number(found.slice(code.length + 1)) : null;
  };
  const lists = all(".groups").map((list) => ({ list, fold: list.closest("details.fold"), groups: [] }));
  const units = [];
  for (const entry of lists) {
    for (const section of all(":scope > .customer", entry.list)) {
      const group = { section, units: [], list: section.querySelector(".units"), name: section.querySelector("h3") };
      for (const item of all(":scope > .unit", group.list)) {
        const kind = item.dataset.kind.split(" ");
        const unit = { item, kind, lasting: "lasting" in item.dataset, found: null, group, shown: true };
        group.units.push(unit);
        units.push(unit);
      }
      group.label = group.name.textContent.toLowerCase();
      entry.groups.push(group);
    }
  }
  const matches = (unit, words) => {
    if (!words.length) return true;
    if (unit.found === null) unit.found = unit.group.label + " " + unit.item.textContent.toLowerCase();
    return words.every((word) => unit.found.includes(word));
  };
  const filter = () => {
    const words = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const wanted = kinds.filter((one) => one.checked).map((one) => one.value);
    const every = wanted.length === kinds.length;
    const only = lasting.checked, key = customer ? customer.value : "";
    const active = words.length > 0 || !every || only || key !== "";
    let count = 0;
    for (const entry of lists) {
      let inList = 0;
      for (const group of entry.groups) {
        let here = 0;
        for (const unit of group.units) {
          const shown = (every || unit.kind.some((one) => wanted.includes(one))) && (!only || unit.lasting)
            && (key === "" || group.section.dataset.key === key) && matches(unit, words);
          if (shown !== unit.shown) { unit.item.hidden = !shown; unit.shown = shown; }
          if (shown) here += 1;
        }
        group.section.hidden = here === 0;
        inList += here;
      }
      count += inList;
      if (entry.fold && active && inList) entry.fold.open = true;
    }
    const said = active ? status.dataset.some : status.dataset.all;
    status.textContent = said.replace("{shown}", number.format(count)).replace("{count}", number.format(units.length));
  };
  const compare = (what, code) => (left, right) => {
    const a = amount(left.dataset[what], code), b = amount(right.dataset[what], code);
    if (a === null || b === null) return (a === null) - (b === null);
    return Math.abs(b) - Math.abs(a);
  };
  const sort = () => {
    const [what, code] = order.value.split(" ");
    for (const entry of lists) {
      const groups = entry.groups.slice();
      if (what === "name") groups.sort((a, b) => a.label.localeCompare(b.label, document.documentElement.lang));
      if (code) groups.sort((a, b) => compare(what, code)(a.section, b.section));
      for (const group of entry.groups) {
        const own = group.units.slice();
        if (code) own.sort((a, b) => compare(what, code)(a.item, b.item));
        group.list.append(...own.map((unit) => unit.item));
      }
      entry.list.append(...groups.map((group) => group.section));
    }
  };
  let waiting = 0;
  text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 100); });
  for (const one of [customer, lasting, ...kinds]) if (one) one.addEventListener("change", filter);
  order.addEventListener("change", sort);
  toggle.addEventListener("click", () => {
    const open = toggle.getAttribute("aria-pressed") !== "true";
    for (const unit of units) if (unit.shown) for (const one of all("details", unit.item)) one.open = open;
    toggle.setAttribute("aria-pressed", String(open));
  });
  reveal();
  sort();
  filter();
})();
"""

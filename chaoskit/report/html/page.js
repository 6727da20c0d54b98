"use strict";
// What is folded stands in a noscript, where it costs nothing: a page of hundreds of experiments is light.
const fill = details => { const text = details.querySelector(":scope > noscript"); if (text) text.outerHTML = text.textContent; };
const unfold = details => { fill(details); details.open = true; };
addEventListener("toggle", event => { if (event.target.open) fill(event.target); }, true);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(unfold));

const show = () => {
  const details = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (details && details.tagName === "DETAILS") { details.hidden = false; unfold(details); details.scrollIntoView(); }
};
addEventListener("hashchange", show);
show();

// From technique to technique: up and down within a tactic, left and right to the next one.
addEventListener("keydown", event => {
  const column = event.target.closest(".tactics > li");
  if (!column || event.target.tagName !== "SUMMARY" || event.ctrlKey || event.altKey || event.metaKey) return;
  const cells = [...column.querySelectorAll("summary")], at = cells.indexOf(event.target);
  const beside = step => {
    let next = column;
    while ((next = next[step]) && !next.querySelector("summary"));
    const there = next ? [...next.querySelectorAll("summary")] : [];
    return there[Math.min(at, there.length - 1)];
  };
  const to = { ArrowDown: () => cells[at + 1], ArrowUp: () => cells[at - 1],
    ArrowRight: () => beside("nextElementSibling"), ArrowLeft: () => beside("previousElementSibling") }[event.key];
  if (!to) return;
  event.preventDefault();
  (to() || event.target).focus();
});

const form = document.querySelector(".filter"), all = [...document.querySelectorAll("details[data-verdict]")];
const rows = new Map([...document.querySelectorAll("tr[data-of]")].map(row => [row.dataset.of, row]));
const words = new Map();
const told = details => {
  if (!words.has(details)) {
    const text = details.querySelector(":scope > noscript");
    const folded = text ? new DOMParser().parseFromString(text.textContent, "text/html").body.textContent : "";
    words.set(details, (rows.get(details.id).textContent + details.querySelector("summary").textContent
      + (text ? folded : details.textContent)).toLowerCase());
  }
  return words.get(details);
};
const filter = () => {
  const { words: text, verdict, layer } = form.elements, wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = d => (!verdict.value || d.dataset.verdict === verdict.value) && (!layer.value || d.dataset.layer === layer.value)
    && wanted.every(word => told(d).includes(word));
  let count = 0;
  for (const d of all) { const hide = !fits(d); d.hidden = rows.get(d.id).hidden = hide; count += !hide; }
  form.querySelector("output").value = `${count} of ${all.length} shown`;
};
form.hidden = false;
form.addEventListener("input", filter);
form.addEventListener("submit", event => event.preventDefault());
filter();

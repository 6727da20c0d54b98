"use strict";
// Everything that is shown is set as text: it may come from an account.
const at = id => document.getElementById(id);
const made = (name, text, kind) => {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  return element;
};
const row = (...parts) => { const item = made("li"); item.append(...parts); return item; };
const two = number => String(number).padStart(2, "0");
const span = seconds => { const s = Math.max(0, Math.floor(seconds)); return two(Math.floor(s / 60)) + ":" + two(s % 60); };

let state = null, ahead = 0;
const now = () => Date.now() + ahead;

function entry(each) {
  const time = made("time", each.at.slice(11, 19));
  time.dateTime = each.at;
  return row(time, made("span", (each.inject ? "#" + each.inject + " " : "") + each.kind, each.kind), made("span", each.detail));
}

function inject(each) {
  const word = each.verdict || (each.progress === "waits" ? each.begins : each.progress);
  return row(made("span", "#" + each.number), made("span", each.title), made("span", word, "word " + (each.verdict || "")));
}

function countdown(each, current) {
  const slo = each.within_s === null ? "" : ", SLO " + span(each.within_s);
  const name = made("span", each.role + " " + each.probe + slo);
  if (each.outcome || !current.sent || each.within_s === null) {
    const took = each.settled && current.sent ? span((Date.parse(each.settled) - Date.parse(current.sent)) / 1000) : "";
    return row(made("span", each.outcome || "waiting", each.outcome), made("span", took, "left"), name);
  }
  const left = Math.max(0, each.within_s - (now() - Date.parse(current.sent)) / 1000);
  const bar = made("progress");
  bar.max = each.within_s;
  bar.value = left;
  bar.setAttribute("aria-label", "time left of the SLO of " + each.role + " " + each.probe);
  return row(bar, made("span", span(left) + " left", "left"), name);
}

function tick() {
  if (!state) return;
  const until = state.finished ? Date.parse(state.finished) : now();
  at("clock").textContent = span((until - Date.parse(state.started)) / 1000) + " of " + span(state.max_duration_s);
  const current = state.current;
  at("countdowns").replaceChildren(...(current ? current.countdowns.map(each => countdown(each, current)) : []));
}

function show() {
  at("title").textContent = document.title = state.title;
  at("phase").textContent = state.phase;
  at("phase").className = state.phase;
  at("detail").textContent = state.detail;
  at("blind").textContent = state.blind ? (state.hidden ? "blind: what is injected is hidden" : "blind, now revealed") : "";
  at("roles").replaceChildren(...Object.entries(state.roles).map(([role, people]) => {
    const pair = made("div");
    pair.append(made("dt", role), made("dd", people.join(", ")));
    return pair;
  }));
  at("current").hidden = !state.current;
  at("hypothesis").textContent = state.current ? "#" + state.current.number + " " + state.current.hypothesis : "";
  at("faults").replaceChildren(...(state.current ? state.current.faults : []).map(each => row("injected " + each)));
  at("plan").hidden = !state.injects.length;
  at("injects").replaceChildren(...state.injects.map(inject));
  at("entries").replaceChildren(...state.entries.slice().reverse().map(entry));
  tick();
}

// A browser comes back by itself after a broken connection, and says which state it has; not after a refusal,
// as by a proxy whose server is just being restarted: then a new source is made.
const RETRY_MS = 2000;
let since = null;

function connection(lost) {
  since = lost ? since || new Date() : null;
  at("connection").textContent = lost
    ? "Connection lost at " + since.toISOString().slice(11, 19) + " UTC, trying again. What is shown is from then." : "";
  document.body.classList.toggle("lost", lost);
}

function listen() {
  const events = new EventSource("events");
  events.addEventListener("open", () => connection(false));
  events.addEventListener("state", event => {
    state = JSON.parse(event.data);
    ahead = Date.parse(state.now) - Date.now();
    connection(false);
    show();
    if (state.finished) events.close();
  });
  events.addEventListener("error", () => {
    if (state && state.finished) return;
    connection(true);
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  });
}

listen();
setInterval(() => { if (since === null) tick(); }, 500);

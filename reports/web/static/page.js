// The page: reads the boxes, asks the server, shows what it says. Texts of people go into the page as text only;
// what is set as HTML comes from the server, which escapes.

const $ = (id) => document.getElementById(id);
const LIMIT = 250; // milliseconds of quiet before a preview is asked for

const EXAMPLES = [
  { title: "tied autoencoder", expr: "1/2*norm2(W'*W*x - x)^2", wrt: "W" },
  { title: "least squares", expr: "norm2(A*x - y)^2", wrt: "x" },
  { title: "logistic regression, Hessian", expr: "sum(log(vector(1) + exp(X*w)))", wrt: "w", where: "X: m x n", kind: "hessian" },
  { title: "softmax Jacobian", expr: "softmax(x)", wrt: "x", kind: "jacobian" },
  { title: "Gaussian log-likelihood", expr: "logdet(K) + y'*inv(K)*y", wrt: "K", assume: "posdef(K)" },
  { title: "a wrong claim", expr: "tr(A*X*X')", wrt: "X", claim: "2*A*X" },
];

// ------------------------------------------------------------------------------------------ asking

const running = new Map();

async function ask(name, fields, lane) {
  running.get(lane)?.abort();
  const control = new AbortController();
  running.set(lane, control);
  try {
    const response = await fetch(`/api/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
      signal: control.signal,
    });
    const answer = await response.json();
    return response.ok ? answer : { error: answer.error ?? `the server answered ${response.status}` };
  } catch (error) {
    if (error.name === "AbortError") return null;
    return { error: "the server does not answer" };
  } finally {
    if (running.get(lane) === control) running.delete(lane);
  }
}

function later(run, wait) {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(run, wait); };
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function complain(place, message) { place.replaceChildren(element("p", "error", message)); place.setAttribute("aria-busy", "false"); }

function fieldsOf(form) {
  const fields = {};
  for (const [name, value] of new FormData(form)) if (value !== "") fields[name] = value;
  return fields;
}

// --------------------------------------------------------------------------------------------- tabs

function tablist(list, chosen) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const select = (tab, focus) => {
    for (const other of tabs) {
      const on = other === tab;
      other.setAttribute("aria-selected", String(on));
      other.tabIndex = on ? 0 : -1;
      $(other.getAttribute("aria-controls")).hidden = !on;
    }
    if (focus) tab.focus();
    chosen?.(tab);
  };
  tabs.forEach((tab, k) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (move) { event.preventDefault(); select(tabs[(k + move + tabs.length) % tabs.length], true); }
    });
  });
  return select;
}

const selectMode = tablist(document.querySelector(".modes"), remember);
tablist(document.querySelector(".tabs"), showGraph);
const mode = () => document.querySelector(".modes [aria-selected=true]").getAttribute("aria-controls");

// ------------------------------------------------------------------------------------------ preview

const deriveForm = $("derive-form");

async function preview() {
  const { expr, where, assume } = fieldsOf(deriveForm);
  const place = $("preview");
  if (!expr) { place.replaceChildren(); return; }
  place.classList.add("old");
  const found = await ask("preview", { expr, where, assume }, "preview");
  if (found === null) return;
  place.classList.remove("old");
  if (found.error) { place.replaceChildren(element("p", "problem", found.error)); return; }
  place.innerHTML = found.mathml;
  for (const note of found.notes) place.append(element("p", "note", note));
  showRead(found);
}

// What may be changed where it stands; not while somebody is about it.
function chips(place, entries) {
  if (place.contains(document.activeElement)) return;
  place.replaceChildren(...entries.map(({ said, label, value, change }) => {
    const chip = element("label", "chip", said);
    const box = element("input");
    box.value = value;
    box.setAttribute("aria-label", label);
    box.style.width = `${Math.max(6, box.value.length + 1)}ch`;
    box.addEventListener("change", () => change(box.value));
    chip.append(box);
    return chip;
  }));
}

function showRead(found) {
  chips($("shapes"), Object.entries(found.shapes).map(([name, shape]) => ({
    said: `${name}:`, label: `shape of ${name}`, value: Array.isArray(shape) ? shape.join(" x ") : shape,
    change: (value) => declare(name, value),
  })));
  chips($("assumptions"), found.assumptions.map((fact, k) => ({
    said: "", label: `assumption ${k + 1}`, value: fact,
    change: (value) => { $("assume").value = found.assumptions.with(k, value.trim()).filter(Boolean).join(", "); preview(); },
  })));
  $("variables").replaceChildren(...found.variables.map((name) => {
    const button = element("button", "", name);
    button.type = "button";
    button.setAttribute("aria-label", `derive by ${name}`);
    button.addEventListener("click", () => { $("wrt").value = name; remember(); });
    return button;
  }));
}

function declare(name, shape) {
  const others = $("where").value.split(",").map((part) => part.trim()).filter((part) => part && part.split(":")[0].trim() !== name);
  $("where").value = [...others, ...(shape.trim() ? [`${name}: ${shape.trim()}`] : [])].join(", ");
  preview();
}

const previewSoon = later(preview, LIMIT);
for (const id of ["input", "where", "assume"]) $(id).addEventListener("input", previewSoon);

// ------------------------------------------------------------------------------------------- derive

let answer = null;

async function derive() {
  remember();
  const { kind, ...fields } = fieldsOf(deriveForm);
  const place = $("result");
  place.replaceChildren();
  place.setAttribute("aria-busy", "true");
  $("answer").hidden = true;
  const found = await ask(kind, fields, "derive");
  if (found === null) return;
  if (found.error) { complain(place, found.error); return; }
  place.setAttribute("aria-busy", "false");
  answer = { ...found, kind, fields };
  place.innerHTML = found.page.result;
  place.prepend(word(found.verdict));
  for (const part of ["steps", "evidence"]) $(part).innerHTML = found.page[part] || "<p>none</p>";
  $("graph").replaceChildren();
  $("command").textContent = command(kind, fields);
  $("answer").hidden = false;
  fold(false);
  showGraph();
  await showCode();
}

// The picture is drawn where it is looked at.
async function showGraph() {
  if (!answer || $("panel-graph").hidden || $("graph").hasChildNodes()) return;
  $("graph").textContent = "at work …";
  const found = await ask("graph", { ...answer.fields, kind: answer.kind }, "graph");
  if (found === null) return;
  if (found.error) complain($("graph"), found.error);
  else $("graph").innerHTML = found.page.graph || "<p>none</p>";
}

const SIGNS = { proved: "✓", certified: "✓", agrees: "✓", refuted: "✗", inconclusive: "?" };
function word(verdict) { return element("p", `word ${verdict}`, `${SIGNS[verdict] ?? "?"} ${verdict}`); }

function quoted(text) { return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`; }
function command(kind, fields) {
  const options = Object.entries(fields).filter(([name]) => name !== "expr").map(([name, value]) => `--${name} ${quoted(value)}`);
  return [`gradproof ${kind} ${quoted(fields.expr)}`, ...options].join(" ");
}

async function showCode() {
  const target = $("target").value;
  if (!answer) return;
  const direct = { latex: answer.latex, text: answer.results ?? answer.result }[target];
  if (direct !== undefined) { $("code").textContent = listed(direct); return; }
  $("code").textContent = "at work …";
  const found = await ask("code", { ...answer.fields, kind: answer.kind, target }, "code");
  if (found) $("code").textContent = found.error ?? found.code;
}

// One formula, or one a variable.
function listed(formulas) {
  return typeof formulas === "string" ? formulas : Object.entries(formulas).map(([name, formula]) => `${name}: ${formula}`).join("\n");
}

$("target").addEventListener("change", showCode);
deriveForm.addEventListener("submit", (event) => { event.preventDefault(); derive(); });
deriveForm.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); derive(); }
});

// -------------------------------------------------------------------------------------------- steps

const lines = () => [...$("steps").querySelectorAll("li")];

function fold(closed) {
  for (const line of lines()) { line.classList.toggle("unseen", closed); line.classList.remove("hinted"); }
  label();
}

// A hint first (the rule), then the line itself.
function next() {
  const hinted = $("steps").querySelector("li.hinted");
  if (hinted) { hinted.classList.remove("hinted"); label(); return; }
  const line = $("steps").querySelector("li.unseen") ?? null;
  if (line) { line.classList.remove("unseen"); line.classList.add("hinted"); }
  else if (lines().length && !hinted) { fold(true); next(); return; }
  label();
}

function label() {
  const hinted = $("steps").querySelector("li.hinted");
  const unseen = $("steps").querySelector("li.unseen");
  $("next").textContent = hinted ? "Show the step" : unseen ? "Hint for the next step" : "Step by step";
}

$("next").addEventListener("click", next);
$("all").addEventListener("click", () => fold(false));
$("fold").addEventListener("click", () => fold(true));

// ------------------------------------------------------------------------------------------- claims

async function judge(name, fields, place, lane) {
  place.replaceChildren();
  place.setAttribute("aria-busy", "true");
  const found = await ask(name, fields, lane);
  if (found === null) return;
  if (found.error) { complain(place, found.error); return; }
  place.setAttribute("aria-busy", "false");
  place.innerHTML = found.page.evidence;
  place.prepend(word(found.verdict));
}

$("claim-form").addEventListener("submit", (event) => {
  event.preventDefault();
  remember();
  judge("check", { ...fieldsOf(deriveForm), ...fieldsOf(event.target) }, $("verdict"), "check");
});
$("equal-form").addEventListener("submit", (event) => {
  event.preventDefault();
  remember();
  judge("equal", fieldsOf(event.target), $("equal-result"), "equal");
});

// ------------------------------------------------------------------------------------------ moments

$("moment-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  remember();
  const { moment, ...fields } = fieldsOf(event.target);
  const place = $("moment-result");
  if (fields.claim) { judge(moment, fields, place, "moment"); return; }
  place.replaceChildren();
  place.setAttribute("aria-busy", "true");
  const found = await ask(moment, fields, "moment");
  if (found === null) return;
  if (found.error) { complain(place, found.error); return; }
  place.setAttribute("aria-busy", "false");
  place.innerHTML = found.page.result;
  place.prepend(word(found.verdict));
  for (const condition of found.conditions ?? []) place.append(element("p", "note", condition));
});

// ---------------------------------------------------------------------------------------- proofread

async function proofread() {
  remember();
  const place = $("judgement");
  place.setAttribute("aria-busy", "true");
  const found = await ask("proofread", fieldsOf($("proofread-form")), "proofread");
  if (found === null) return;
  if (found.error) { complain(place, found.error); return; }
  place.setAttribute("aria-busy", "false");
  const claims = found.statements.filter((s) => s.role === "claim");
  const first = found.first_wrong === null ? null : found.statements[found.first_wrong];
  const summary = first ? `First wrong line: ${first.line}` : "No wrong line";
  place.replaceChildren(element("p", `word ${first ? "refuted" : "proved"}`, summary), ...claims.map((s) => statement(s, found.page.formulas[s.index])));
  mark(found.statements);
  for (const math of place.querySelectorAll("math")) {
    if (math.scrollWidth > math.clientWidth) math.setAttribute("tabindex", "0"); // what scrolls is reached by keyboard
  }
}

const follow = (s) => s.verdict === "refuted" && s.cause !== null;
const signOf = (s) => follow(s) ? "↳" : SIGNS[s.verdict] ?? "?";

// A formula as the server set it, else its text.
function formula(set, text) {
  const made = element(set ? "span" : "code", "", set ? undefined : text);
  if (set) made.innerHTML = set;
  return made;
}

function statement(s, set) {
  const follows = follow(s);
  const line = element("div", `statement ${s.verdict}`);
  const head = element("p", "");
  head.append(element("span", `word ${follows ? "follows" : s.verdict}`, `${signOf(s)} ${s.verdict}`));
  head.append(`line ${s.line} `, formula(set.source, s.source));
  line.append(head);
  if (follows) line.append(element("p", "note", "follows from an earlier slip"));
  for (const [name, text] of [["", s.diagnosis], ["not understood: ", s.not_understood]]) {
    if (text) line.append(element("p", "note", name + text));
  }
  if (s.mended) {
    const mended = element("p", "note", "mended: ");
    mended.append(formula(set.mended, s.mended));
    line.append(mended);
  }
  if (s.counterexample) line.append(element("p", "note", typeof s.counterexample === "string" ? s.counterexample : JSON.stringify(s.counterexample)));
  return line;
}

function mark(statements) {
  const rows = $("text").value.split("\n").map(() => " ");
  const rank = { "✗": 4, "↳": 3, "?": 2, "✓": 1 };
  for (const s of statements.filter((s) => s.role === "claim")) {
    const sign = signOf(s);
    if ((rank[sign] ?? 0) > (rank[rows[s.line - 1]] ?? 0)) rows[s.line - 1] = sign;
  }
  $("marks").textContent = rows.join("\n");
}

$("proofread-form").addEventListener("submit", (event) => { event.preventDefault(); proofread(); });
const proofreadSoon = later(() => { if ($("live").checked) proofread(); }, 800);
$("text").addEventListener("input", () => { $("marks").textContent = ""; proofreadSoon(); });
$("text").addEventListener("scroll", () => { $("marks").scrollTop = $("text").scrollTop; });

// ------------------------------------------------------------------------------------- taking away

async function copy(text, button) {
  const said = button.textContent;
  try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; }
  catch { button.textContent = "Select and copy by hand"; }
  setTimeout(() => { button.textContent = said; }, 1500);
}
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", () => copy($(button.dataset.copy).textContent, button));
}
$("link").addEventListener("click", (event) => { remember(); copy(location.href, event.target); });
$("print").addEventListener("click", () => window.print());
for (const button of document.querySelectorAll(".download")) {
  button.addEventListener("click", async () => {
    const found = await ask("report", { ...answer.fields, kind: answer.kind, format: button.dataset.format }, "report");
    if (!found || found.error) { if (found) complain($("result"), found.error); return; }
    const link = element("a");
    const data = found.base64 ? Uint8Array.from(atob(found.base64), (c) => c.charCodeAt(0)) : found.content;
    link.href = URL.createObjectURL(new Blob([data], { type: "application/octet-stream" }));
    link.download = found.name;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

// --------------------------------------------------------------------- the input in the link, examples

const FORMS = { derive: ["derive-form", "claim-form"], equal: ["equal-form"], proofread: ["proofread-form"], moment: ["moment-form"] };

function remember() {
  const state = new URLSearchParams({ mode: mode() });
  for (const form of FORMS[mode()]) for (const [name, value] of Object.entries(fieldsOf($(form)))) state.set(name, value);
  history.replaceState(null, "", `#${state}`);
}

function recall() {
  const state = new URLSearchParams(location.hash.slice(1));
  const wanted = state.get("mode");
  if (!FORMS[wanted]) return false;
  selectMode($(`tab-${wanted}`));
  for (const id of FORMS[wanted]) fill($(id), Object.fromEntries(state));
  return true;
}

function fill(form, fields) {
  for (const control of form.elements) {
    if (!control.name) continue;
    if (control.type === "radio") control.checked = fields[control.name] ? control.value === fields[control.name] : control.defaultChecked;
    else control.value = fields[control.name] ?? "";
  }
}

EXAMPLES.forEach((example, k) => $("examples").append(new Option(example.title, String(k))));
$("examples").addEventListener("change", (event) => {
  const example = EXAMPLES[event.target.value];
  if (!example) return;
  fill(deriveForm, example);
  fill($("claim-form"), example);
  $("verdict").replaceChildren();
  preview();
  if (example.claim) $("claim-form").requestSubmit();
  derive();
});

// What is wider than its place is reached by the keyboard, and only that.
const reach = () => document.querySelectorAll("main .display").forEach((formula) => {
  formula.scrollWidth > formula.clientWidth ? formula.setAttribute("tabindex", "0") : formula.removeAttribute("tabindex");
});
new ResizeObserver(reach).observe(document.querySelector("main"));

const known = location.hash.length > 1 ? new URLSearchParams(location.hash.slice(1)) : null;
if (known && FORMS[known.get("mode")]) recall();
if (mode() === "derive") preview();
window.addEventListener("hashchange", () => { if (recall() && mode() === "derive") preview(); });

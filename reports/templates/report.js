"use strict";
// Copy buttons beside code and formulas, focus for what scrolls, contents open where there is room. The page reads without it.
const copied = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
};
for (const element of document.querySelectorAll("pre, [data-latex]")) {
  const text = element.dataset.latex ?? element.textContent;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = element.dataset.latex ? "LaTeX" : "Copy";
  button.setAttribute("aria-label", element.dataset.latex ? "Copy the formula as LaTeX" : "Copy the code");
  button.addEventListener("click", async () => {
    const before = button.textContent;
    await copied(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = before), 1500);
  });
  const frame = document.createElement("div");
  frame.className = "copied";
  element.replaceWith(frame);
  frame.append(element, button);
}
const focusable = () => {
  for (const element of document.querySelectorAll("pre, .display, .equation, .scroll, .picture")) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }
};
const wide = matchMedia("(min-width: 72rem)");
const contents = document.querySelector(".contents details");
const unfold = () => contents && (contents.open = wide.matches);
wide.addEventListener("change", unfold);
addEventListener("resize", focusable);
contents?.addEventListener("click", (event) => {
  if (event.target.closest("a") && !wide.matches) contents.open = false;
});
unfold();
focusable();

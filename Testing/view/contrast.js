// Texts of too little contrast (WCAG 2.1, 1.4.3: 4.5 to 1), controls without a name, and
// controls that cannot be scrolled into sight.
(() => {
  const light = (v) => ((v /= 255), v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const parse = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const closed = (e) => e.closest("details:not([open]) > :not(summary)");
  const seen = (e) => e.getClientRects().length && getComputedStyle(e).visibility === "visible" && !closed(e);
  const pale = [], nameless = [], outside = [];
  for (const e of document.querySelectorAll(".page *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !seen(e) || e.closest("#slice") || e.disabled) continue;
    const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) pale.push(`${ratio.toFixed(1)} ${e.innerText.slice(0, 40)}`);
  }
  for (const e of document.querySelectorAll(".page button, .page input, .page select, .page a")) {
    if (!seen(e)) continue;
    const name = e.getAttribute("aria-label") || e.innerText || e.title || e.closest("label")?.innerText;
    if (!name?.trim()) nameless.push(e.outerHTML.slice(0, 80));
    const box = e.getBoundingClientRect();
    const panel = e.closest(".panel");
    if (box.right > innerWidth + 1 || box.left < -1 || (!panel && box.bottom > innerHeight + 1))
      outside.push(e.outerHTML.slice(0, 80));
  }
  return { pale, nameless, outside };
})()

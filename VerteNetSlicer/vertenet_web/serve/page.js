// Keys, the wheel, the list of keys, and where the focus goes.
(() => {
  "use strict";
  document.title = "VerteNet, research use only";
  // The slice view tells its size as soon as it is drawn, sometimes before the socket is
  // open.  It is asked again a moment later.
  window.addEventListener("unhandledrejection", (event) => {
    const said = String(event.reason?.message ?? event.reason);
    if (!/trame\.rca\.size.*connection not open/.test(said)) return;
    event.preventDefault();
    setTimeout(() => window.dispatchEvent(new Event("resize")), 500);
  });

  const act = (name, ...values) => window.trame?.trigger("act", [name, values]);
  const state = (key) => window.trame?.state.get(key);
  const element = (id) => document.getElementById(id);
  const click = (id) => element(id)?.click();
  const reading = () => state("grid")?.active;
  const turnTo = (tab) => { click(`tab-${tab}`); element(`tab-${tab}`)?.focus(); };
  const help = () => { const list = element("help"); list.open ? list.close() : list.showModal(); };
  const leave = () => {
    const menu = document.querySelector(".menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    else if (state("lighting")) window.trame.state.set("lighting", false);
    else if (state("prompt")) act("stop_placing");
    else if (reading()) act("look_at", -1, -1);
    else if (state("detail")?.point) act("choose_point", null);
  };

  // Keys: those of Slicer's panel, and more for who has no mouse.  A field that takes text
  // keeps its keys.
  const KEYS = {
    d: () => click("detect"), D: () => click("detect-all"), "?": help, f1: help,
    n: () => act("step", 1), p: () => act("step", -1),
    ".": () => act("step_point", 1), ",": () => act("step_point", -1),
    f: () => act("fit"), "+": () => act("zoom", 1), "-": () => act("zoom", -1), h: () => act("hide"),
    b: () => act("brighter", 10, 0), B: () => act("brighter", -10, 0),
    k: () => act("brighter", 0, 10), K: () => act("brighter", 0, -10),
    l: () => window.trame.state.set("lighting", !state("lighting") && !state("prompt")), x: () => act("invert"), r: () => act("light", 0, 0, false),
    v: () => turnTo("vertebra"), a: () => turnTo("aorta"), g: () => turnTo("angles"),
    c: () => turnTo("compare"), i: () => turnTo("image"), e: () => turnTo("files"),
    w: () => { turnTo("aorta"); act("read_walls"); },
    u: () => reading() && act("score", null), m: () => reading() && click("mark"),
    escape: leave, pageup: () => act("turn", -1), pagedown: () => act("turn", 1),
  };
  const scrolls = (event) => {
    const panel = /^Page/.test(event.key) && event.target.closest?.(".panel");
    return panel && panel.scrollHeight > panel.clientHeight;
  };
  const ARROWS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] };

  // A row, a tab or a wall beside the one that has the focus; false where there is none.
  function neighbour(target, [columns, rows]) {
    let next = null;
    const cell = target.closest("#aac td");
    if (target.closest("#grades tbody") && !columns) {
      const row = target.closest("tr");
      next = (rows < 0 ? row.previousElementSibling : row.nextElementSibling)?.querySelector("button");
      if (!next) return true;
    } else if (target.role === "tab" && !rows) {
      next = columns < 0 ? target.previousElementSibling : target.nextElementSibling;
      if (!next) return true;
    } else if (cell) {
      const line = rows ? cell.parentElement[rows < 0 ? "previousElementSibling" : "nextElementSibling"] : cell.parentElement;
      next = line?.children[cell.cellIndex + columns]?.querySelector("button");
      if (!next) return true;
    }
    if (!next) return false;
    next.focus();
    next.click();
    return true;
  }

  function arrow(event, way) {
    const by = way.map((v) => v * (event.shiftKey ? 5 : 1));
    const free = event.target === document.body || event.target.closest?.("#slice, .points, .prompt");
    const inGrid = event.target.role === "tab" || event.target.closest?.("#aac");
    if (state("prompt") && free) act("move_cursor", ...by);
    else if (!state("prompt") && !inGrid && state("detail")?.point) act("nudge", ...by);
    else if (!free && neighbour(event.target, way)) return true;
    else if (free) act("pan", ...by);
    else return false;
    return true;
  }

  function key(event) {
    const tag = event.target.tagName;
    if (element("help")?.open) {
      if (event.key === "?" || event.key === "F1") { help(); event.preventDefault(); }
      return;
    }
    if (tag === "SELECT" || (tag === "INPUT" && !["checkbox", "file"].includes(event.target.type))) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (scrolls(event)) return;
    const name = event.key.toLowerCase();
    const free = event.target === document.body || event.target.id === "slice";
    const own = KEYS[event.shiftKey && /^[A-Z]$/.test(event.key) ? event.key : name];
    let done = true;
    if (event.ctrlKey || event.metaKey) {
      if (name === "z" && !event.shiftKey) act("undo");
      else if (name === "y" || name === "z") act("redo");
      else done = false;
    } else if (event.altKey) done = false;
    else if (ARROWS[name]) done = arrow(event, ARROWS[name]);
    else if (name === "enter" && state("prompt") && free) act("place_here");
    else if (name === "backspace" && state("prompt")) { if (state("placed")) act("undo"); }
    else if (/^[0-3]$/.test(name) && reading()) act("score", Number(name));
    else if (own) own();
    else done = false;
    if (done) { event.preventDefault(); event.stopPropagation(); }
  }
  window.addEventListener("keydown", key, true);

  // The wheel zooms: an image of one slice has no other slices to go to.
  window.addEventListener("wheel", (event) => {
    if (!event.target.closest?.("#slice")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // What is under the pointer stays there.
    const box = element("slice").getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width - 0.5, (event.clientY - box.top) / box.height - 0.5];
    act("zoom", event.deltaY < 0 ? 0.5 : -0.5, x, y);
  }, { capture: true, passive: false });

  window.addEventListener("click", (event) => {
    if (event.target.id === "help-open") help();
    for (const menu of document.querySelectorAll(".menu[open]"))
      if (!menu.contains(event.target)) menu.open = false;
  });

  // The first image is shown: what takes time and is not needed for it may begin.
  document.addEventListener("load", function seen(event) {
    if (!event.target.closest?.("#slice")) return;
    document.removeEventListener("load", seen, true);
    act("shown");
  }, true);

  // Who begins to place points has the keys on the image, and gets them back afterwards.
  let before = null;
  (function watch() {
    if (!window.trame?.state) { setTimeout(watch, 100); return; }
    let placing = false;
    window.trame.state.watch(["prompt"], (prompt) => {
      if (!!prompt === placing) return;
      placing = !!prompt;
      if (placing) { before = document.activeElement; element("slice")?.focus(); }
      else if (document.activeElement === element("slice") && before?.isConnected && before.tagName === "BUTTON")
        before.focus();
    });
  })();
})();

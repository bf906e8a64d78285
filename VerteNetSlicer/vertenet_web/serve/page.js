// Keys, dropped files, downloads, and what happens when the connection is lost.
(() => {
  "use strict";
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
  const click = (id) => document.getElementById(id)?.click();

  // Keys: those of Slicer's panel.  A field that takes text keeps its keys.
  const KEYS = {
    d: () => click("detect"), n: () => act("step", 1), p: () => act("step", -1),
    f: () => act("fit"), "+": () => act("zoom", 1), "-": () => act("zoom", -1),
    u: () => reading() && act("score", null), m: () => click("mark"), escape: () => leave(),
    pageup: () => act("turn", -1), pagedown: () => act("turn", 1),
  };
  const scrolls = (event) => /^Page/.test(event.key) && event.target.closest?.(".panel");
  const ARROWS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] };
  const reading = () => state("grid")?.active;
  const leave = () => {
    if (state("prompt")) act("stop_placing");
    else if (reading()) act("look_at", -1, -1);
    else if (state("detail")?.point) act("choose_point", null);
  };

  function key(event) {
    const tag = event.target.tagName;
    if (tag === "SELECT" || (tag === "INPUT" && event.target.type !== "checkbox")) return;
    if (scrolls(event)) return;
    const name = event.key.toLowerCase();
    let done = true;
    if (event.ctrlKey || event.metaKey) {
      if (name === "z" && !event.shiftKey) act("undo");
      else if (name === "y" || name === "z") act("redo");
      else done = false;
    } else if (event.altKey) done = false;
    else if (ARROWS[name] && state("detail")?.point) {
      const by = event.shiftKey ? 5 : 1;
      act("nudge", ...ARROWS[name].map((v) => v * by));
    } else if ((name === "arrowup" || name === "arrowdown") && tag === "BUTTON" && event.target.closest("#grades")) {
      const row = event.target.closest("tr");
      const next = name === "arrowup" ? row.previousElementSibling : row.nextElementSibling;
      next?.querySelector("button").focus();
      next?.click();
    } else if (/^[0-3]$/.test(name) && reading()) act("score", Number(name));
    else if (KEYS[name]) KEYS[name]();
    else done = false;
    if (done) { event.preventDefault(); event.stopPropagation(); }
  }
  window.addEventListener("keydown", key, true);

  // The wheel zooms: an image of one slice has no other slices to go to.
  window.addEventListener("wheel", (event) => {
    if (!event.target.closest?.("#slice")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act("zoom", event.deltaY < 0 ? 0.5 : -0.5);
  }, { capture: true, passive: false });

  // The first image is shown: what takes time and is not needed for it may begin.
  document.addEventListener("load", function seen(event) {
    if (!event.target.closest?.("#slice")) return;
    document.removeEventListener("load", seen, true);
    act("shown");
  }, true);

  async function send(file, as = "") {
    const address = `drop?name=${encodeURIComponent(file.name)}&as=${as}`;
    const answer = await fetch(address, { method: "POST", body: file });
    if (!answer.ok) window.trame.state.set("message", `${file.name} was not taken (${answer.status}).`);
  }
  const mark = (on) => document.querySelector(".page")?.classList.toggle("dropping", on);
  window.addEventListener("dragover", (event) => { event.preventDefault(); mark(true); });
  window.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  window.addEventListener("drop", async (event) => {
    event.preventDefault();
    mark(false);
    for (const file of event.dataTransfer.files) await send(file);
  });
  window.addEventListener("change", async (event) => {
    const as = { file: "", "prior-file": "prior" }[event.target.id];
    if (as === undefined) return;
    for (const file of event.target.files) await send(file, as);
    event.target.value = "";
  });
  window.addEventListener("click", (event) => {
    if (event.target.id !== "export") return;
    const link = document.createElement("a");
    const wanted = ["pdf", "dicom", "screenshot", "identity"];
    link.href = "export.zip?" + wanted.map((w) => `${w}=${Number(state("with_" + w))}`).join("&");
    link.download = "";
    link.click();
  });

  // A lost connection: edits are kept on the server; the page comes back by itself.
  let lost = false;
  async function comeBack() {
    if (lost) return;
    lost = true;
    const cover = document.createElement("div");
    cover.id = "lost";
    cover.setAttribute("role", "alert");
    cover.innerHTML = "<div><b>The connection is lost.</b><br>Your edits are kept. The page comes back " +
      "as soon as the server answers; if it was ended, start <code>vertenet view</code> again.</div>";
    document.body.append(cover);
    for (;;) {
      await new Promise((done) => setTimeout(done, 1000));
      try { if ((await fetch("/alive", { cache: "no-store" })).ok) break; } catch { /* not yet */ }
    }
    window.location.reload();
  }
  (function watch() {
    const client = window.trame?.client;
    if (!client) { setTimeout(watch, 100); return; }
    client.onConnectionClose(comeBack);
    client.onConnectionError(comeBack);
  })();
  window.addEventListener("beforeunload", () => { lost = true; });
})();

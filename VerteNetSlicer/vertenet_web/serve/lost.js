// A lost connection: edits are kept on the server; the page comes back by itself.
(() => {
  "use strict";
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

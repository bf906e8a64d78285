// Dropped files and folders, chosen files, downloads.
(() => {
  "use strict";
  const MOST = 2000;
  const state = (key) => window.trame?.state.get(key);
  const say = (text) => window.trame.state.set("message", text);

  // Sends one file; "" or why it was not taken.
  async function send(file, as = "", look = true) {
    const address = `drop?name=${encodeURIComponent(file.name)}&as=${as}&look=${Number(look)}`;
    try {
      const answer = await fetch(address, { method: "POST", body: file });
      return answer.ok ? (await answer.json()).error : `not taken (${answer.status})`;
    } catch {
      return "it could not be read or sent";
    }
  }
  // The first that is taken is looked at, the others join the list.
  async function sendAll(files, as = "") {
    let taken = 0;
    const refused = [];
    for (const file of files) {
      const error = await send(file, as, !taken);
      if (!error) taken += 1;
      else refused.push(`${file.name}: ${error}`);
      if (files.length > 1) say(`${taken} of ${files.length} files taken…`);
    }
    if (files.length > 1) window.trame.trigger("act", ["tell_taken", [taken, refused]]);
  }

  // The files of a dropped folder and of those in it, without hidden ones.
  async function within(entry, found) {
    if (found.length >= MOST || entry.name.startsWith(".")) return;
    if (entry.isFile) {
      found.push(await new Promise((done, failed) => entry.file(done, failed)));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) return;
      for (const one of some.sort((a, b) => a.name.localeCompare(b.name))) await within(one, found);
    }
  }
  async function dropped(transfer) {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
    const found = [];
    for (const entry of entries) await within(entry, found);
    return found;
  }

  const mark = (on) => document.querySelector(".page")?.classList.toggle("dropping", on);
  window.addEventListener("dragover", (event) => { event.preventDefault(); mark(true); });
  window.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  window.addEventListener("drop", async (event) => {
    event.preventDefault();
    mark(false);
    await sendAll(await dropped(event.dataTransfer));
  });
  window.addEventListener("change", async (event) => {
    const as = { file: "", "prior-file": "prior" }[event.target.id];
    if (as === undefined) return;
    await sendAll([...event.target.files], as);
    event.target.value = "";
  });
  window.addEventListener("click", (event) => {
    const name = { export: "export.zip", "export-all": "export-all.zip" }[event.target.id];
    if (!name) return;
    const link = document.createElement("a");
    const wanted = ["pdf", "dicom", "screenshot", "identity"];
    link.href = `${name}?` + wanted.map((w) => `${w}=${Number(state("with_" + w))}`).join("&");
    link.download = "";
    link.click();
  });
})();

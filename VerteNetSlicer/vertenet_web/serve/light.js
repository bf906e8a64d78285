// Window and level by dragging, as in Slicer: with Ctrl (or Cmd) always, without while
// "by dragging" is on.  Only the picture changes.
(() => {
  "use strict";
  const MOST = 100;
  const state = (key) => window.trame?.state.get(key);
  let drag = null;

  const held = (event) => event.ctrlKey || event.metaKey || state("lighting");
  const within = (value) => Math.max(-MOST, Math.min(MOST, value));
  function take(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // One message at a time: the picture never lags behind the hand.
  async function send() {
    if (!drag || drag.sending || !drag.moved) return;
    const going = drag;
    going.sending = true;
    going.moved = false;
    await window.trame.trigger("act", ["light", [going.brightness, going.contrast, going.inverted]]);
    going.sending = false;
    if (going === drag) send();
    else if (going.moved) window.trame.trigger("act", ["light", [going.brightness, going.contrast, going.inverted]]);
  }

  window.addEventListener("pointerdown", (event) => {
    const slice = event.target.closest?.("#slice");
    if (!slice || event.target.closest(".prompt") || event.button !== 0 || !held(event) || state("present") < 0) return;
    take(event);
    slice.focus();
    const { brightness, contrast, inverted } = state("light");
    const { width, height } = slice.getBoundingClientRect();
    drag = { x: event.clientX, y: event.clientY, brightness, contrast, inverted, step: 2 * MOST / Math.min(width, height) };
  }, true);
  window.addEventListener("pointermove", (event) => {
    if (!drag) return;
    take(event);
    // Slicer's ways: to the right a wider window, up a higher level.
    drag.contrast = within(drag.contrast - (event.clientX - drag.x) * drag.step);
    drag.brightness = within(drag.brightness + (event.clientY - drag.y) * drag.step);
    [drag.x, drag.y, drag.moved] = [event.clientX, event.clientY, true];
    send();
  }, true);
  for (const kind of ["pointerup", "pointercancel"])
    window.addEventListener(kind, (event) => {
      if (!drag) return;
      take(event);
      drag = null;
    }, true);
  // On a Mac, Ctrl with a click asks for a menu.
  window.addEventListener("contextmenu", (event) => {
    if (event.ctrlKey && event.target.closest?.("#slice")) take(event);
  }, true);

  // Who is asked for a point shall be able to place it.
  (function watch() {
    if (!window.trame?.state) { setTimeout(watch, 100); return; }
    window.trame.state.watch(["prompt"], (prompt) => { if (prompt) window.trame.state.set("lighting", false); });
  })();
})();

// Runs before the first paint, so that a page set to follow the system is never white in a dark room.
const root = document.documentElement;
const wanted = root.dataset.theme || "auto";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const paint = () => root.setAttribute("data-bs-theme", wanted === "auto" ? (dark.matches ? "dark" : "light") : wanted);
paint();
if (wanted === "auto") dark.addEventListener("change", paint);

// Bundles the portal's scripts and styles and draws the icon sheet. Called by purser/portal/build.py.
import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";

const out = new URL("../static/portal/", import.meta.url);
const here = new URL("./", import.meta.url);

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

await build({
  absWorkingDir: here.pathname,
  entryPoints: {
    portal: "portal.js",
    charts: "charts.js",
    theme: "theme.js",
    style: "style.css",
  },
  outdir: out.pathname,
  bundle: true,
  minify: true,
  target: ["es2022"],
  legalComments: "none",
  logLevel: "warning",
});

// Only the icons named in icons.txt; one sheet, used by <use href="icons.svg#name">.
const names = (await readFile(new URL("icons.txt", here), "utf8")).split(/\s+/).filter(Boolean).sort();
const drawn = await Promise.all(
  names.map(async (name) => {
    const file = new URL(`node_modules/@tabler/icons/icons/outline/${name}.svg`, here);
    const inner = (await readFile(file, "utf8"))
      .replace(/^[\s\S]*?<svg[^>]*>/, "")
      .replace(/<\/svg>\s*$/, "")
      .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "")
      .replace(/\s+/g, " ")
      .trim();
    return `<symbol id="${name}" viewBox="0 0 24 24">${inner}</symbol>`;
  }),
);
await writeFile(new URL("icons.svg", out), `<svg xmlns="http://www.w3.org/2000/svg">${drawn.join("")}</svg>\n`);
console.log(`Built ${(await readdir(out)).length} files.`);

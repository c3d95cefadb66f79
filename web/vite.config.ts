import { defineConfig } from "vite";

import { eagerImports } from "./build/eager-imports.ts";
import { stripFonts } from "./build/strip-fonts.ts";

// One entry a page. tocsin/web/pages.py serves what the manifest lists, and nothing else.
export default defineConfig({
  base: "./", // a proxy may serve all of it below a path of its own
  plugins: [eagerImports(), stripFonts()],
  // tocsin/web/pages.py puts a fresh nonce here for each answer; the page's own style elements carry it.
  html: { cspNonce: "{{nonce}}" },
  build: {
    target: "es2022",
    outDir: "../src/tocsin/web/static",
    emptyOutDir: true,
    manifest: "manifest.json",
    license: { fileName: "assets/licences.md" },
    assetsInlineLimit: 0, // data: addresses would have to be allowed by the Content-Security-Policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: ["playground.html", "account.html"],
      output: { postBanner: "/*! The licences of what is bundled here: /assets/licences.md */" },
      onLog: (level, log, handle) => {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log); // "use client" means nothing here
      },
    },
  },
});

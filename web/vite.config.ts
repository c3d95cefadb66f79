import { defineConfig } from "vite";

import { eagerImports } from "./build/eager-imports.ts";
import { stripFonts } from "./build/strip-fonts.ts";

// One entry per page. tocsin/web/pages.py serves only files that the manifest lists.
export default defineConfig({
  base: "./", // a proxy can serve the pages under a path prefix
  plugins: [eagerImports(), stripFonts()],
  // tocsin/web/pages.py replaces this with a new nonce in each response, for style elements that the page creates.
  html: { cspNonce: "{{nonce}}" },
  build: {
    target: "es2022",
    outDir: "../src/tocsin/web/static",
    emptyOutDir: true,
    manifest: "manifest.json",
    license: { fileName: "assets/licences.md" },
    assetsInlineLimit: 0, // data: URLs would need an exception in the Content-Security-Policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: ["index.html", "playground.html", "account.html"],
      output: { postBanner: "/*! Licenses of the bundled packages: /assets/licences.md */" },
      onLog: (level, log, handle) => {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log); // "use client" has no effect here
      },
    },
  },
});

import type { Plugin } from "vite";

const FONT_FACE = /@font-face\s*\{[^}]*\}/g;

/** Removes the fonts embedded in GraphiQL's style sheet, 360 of 409 kB. Their names then fall back to the system fonts
 * that common.css sets. */
export function stripFonts(): Plugin {
  return {
    name: "strip-fonts",
    enforce: "pre",
    transform(code, id) {
      return id.endsWith(".css") ? { code: code.replace(FONT_FACE, ""), map: null } : null;
    },
  };
}

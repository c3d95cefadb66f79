import type { Plugin } from "vite";

const LAZY = /\bimport\(("[^"]+")\)/g;

/** Bundles the thirty small parts of GraphiQL's editor that it imports lazily. All of them are always
 * needed, and would otherwise be thirty files and requests. */
export function eagerImports(): Plugin {
  return {
    name: "eager-imports",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("/@graphiql/")) return null;
      const imports: string[] = [];
      const eager = code.replace(LAZY, (_, source: string) => {
        imports.push(`import * as eager${imports.length} from ${source};`);
        return `Promise.resolve(eager${imports.length - 1})`;
      });
      return imports.length === 0 ? null : { code: [...imports, eager].join("\n"), map: null };
    },
  };
}

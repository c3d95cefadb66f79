// Typed GraphQL documents. Their types are inferred from schema.d.ts, which scripts/build-web makes of schema.graphql.

import { initGraphQLTada } from "gql.tada";

import type { introspection } from "./schema.d.ts";

export const graphql = initGraphQLTada<{
  introspection: introspection;
  disableMasking: true;
  scalars: { DateTime: string; Duration: string; URL: string; JSON: unknown };
}>();

export type { FragmentOf, ResultOf, VariablesOf } from "gql.tada";

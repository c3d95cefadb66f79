// The public links of a task or workflow, and the mutations of them.

import { graphql, type ResultOf, type VariablesOf } from "../graphql.ts";

const PUBLIC_LINK = graphql(`
  fragment PublicLink on PublicLink @_unmask {
    id
    kind
    title
    requestInput
    hint
    createdAt
    lastUsedAt
    url
    badgeUrl
  }
`);
export const LINKS = graphql(
  `
    query PublicLinks($subject: ID!) {
      installation {
        hasPublicLinks
      }
      node(id: $subject) {
        __typename
        ... on Task {
          name
          publicLinks {
            ...PublicLink
          }
        }
        ... on Workflow {
          name
          definition
          publicLinks {
            ...PublicLink
          }
        }
      }
    }
  `,
  [PUBLIC_LINK],
);
export const CREATE = graphql(`
  mutation CreatePublicLink($input: CreatePublicLinkInput!) {
    createPublicLink(input: $input) {
      url
      userErrors {
        field
        message
      }
    }
  }
`);
export const UPDATE = graphql(`
  mutation UpdatePublicLink($id: ID!, $title: String) {
    updatePublicLink(input: { id: $id, title: $title }) {
      userErrors {
        field
        message
      }
    }
  }
`);
export const ROTATE = graphql(`
  mutation RotatePublicLink($id: ID!) {
    rotatePublicLink(input: { id: $id }) {
      url
      userErrors {
        message
      }
    }
  }
`);
export const REVOKE = graphql(`
  mutation RevokePublicLink($id: ID!) {
    revokePublicLink(input: { id: $id }) {
      userErrors {
        message
      }
    }
  }
`);

export type PublicLink = ResultOf<typeof PUBLIC_LINK>;
export type NewLink = VariablesOf<typeof CREATE>["input"];

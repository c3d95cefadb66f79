import type { JSX } from "preact";

import { CopyButton } from "../ui/secret.tsx";
import type { PublicLink } from "./documents.ts";
import { LinkActions } from "./link-actions.tsx";
import { badgeMarkdown } from "./snippets.ts";

/** A link to a badge and status page, with the badge as others see it. */
export function StatusLink({ link, name, done }: { link: PublicLink; name: string; done: () => void }): JSX.Element | null {
  const { title, url, badgeUrl } = link;
  if (url === null || badgeUrl === null) return null;
  const markdown = badgeMarkdown(title ?? name, badgeUrl, url);
  return (
    <>
      <div class="about">
        <img class="public-badge" src={onThisServer(badgeUrl)} alt={`Badge of ${title ?? name}`} height={20} />
        <p class="faint small">Badge and status page, for everyone who has the link</p>
        <code class="snippet">{markdown}</code>
      </div>
      <div class="buttons">
        <a class="button" href={onThisServer(url)} target="_blank" rel="noreferrer">
          Open page
        </a>
        <CopyButton value={markdown} label="Copy Markdown" />
        <CopyButton value={url} label="Copy URL" />
        <LinkActions link={link} what="badge and status page" done={done} />
      </div>
    </>
  );
}

/** Returns the address of a link at the server of this page, which may be reached by another name than its public one. */
function onThisServer(url: string): string {
  return new URL(url).pathname;
}

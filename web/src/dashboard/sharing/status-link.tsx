import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { CopyButton } from "../ui/secret.tsx";
import type { PublicLink } from "./documents.ts";
import { LinkActions } from "./link-actions.tsx";
import { ChangeTitle } from "./new-link.tsx";
import { badgeMarkdown } from "./snippets.ts";

/** A link to a badge and status page, with the badge as others see it. */
export function StatusLink({ link, name, done }: { link: PublicLink; name: string; done: () => void }): JSX.Element | null {
  const { title, url, badgeUrl } = link;
  const [isChanging, setIsChanging] = useState(false);
  if (url === null || badgeUrl === null) return null;
  const markdown = badgeMarkdown(title ?? name, badgeUrl, url);
  return (
    <>
      <div class="about">
        <img class="public-badge" src={`${onThisServer(badgeUrl)}?${encodeURIComponent(title ?? name)}`} alt={`Badge of ${title ?? name}`} height={20} />
        <p class="faint small">Badge and status page, for everyone who has the link</p>
        <code class="snippet">{markdown}</code>
      </div>
      <div class="buttons">
        <a class="button" href={onThisServer(url)} target="_blank" rel="noreferrer">
          Open page
        </a>
        <CopyButton value={markdown} label="Copy Markdown" />
        <CopyButton value={url} label="Copy URL" />
        <button type="button" onClick={() => setIsChanging(true)}>
          Change title
        </button>
        <LinkActions link={link} what="badge and status page" done={done} />
      </div>
      {isChanging && <ChangeTitle link={link} name={name} changed={done} close={() => setIsChanging(false)} />}
    </>
  );
}

/** Returns the address of a link at the server of this page, which may be reached by another name than its public one. */
function onThisServer(url: string): string {
  return new URL(url).pathname;
}

import "../styles/sharing.css";

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { isOfDefinitions, isOfTasks, useLive } from "../live.ts";
import { Section } from "../ui/page.tsx";
import { type InputSpec, readInputs } from "../workflows/definition.ts";
import { LINKS, type PublicLink } from "./documents.ts";
import { NewStatusLink, NewTrigger } from "./new-link.tsx";
import { StatusLink } from "./status-link.tsx";
import { NewTriggerUrl, TriggerLink } from "./trigger-link.tsx";

const PACE_MS = 5_000;

/** The public links of a task or workflow. Nothing, where the operator has switched them off and there are none. */
export function PublicLinks({ subject }: { subject: string }): JSX.Element | null {
  const concerns = { concerns: (change: Parameters<typeof isOfTasks>[0]) => isOfTasks(change) || isOfDefinitions(change), pace: PACE_MS };
  const { data, reread } = useLive(LINKS, { subject }, concerns);
  const node = data?.node;
  if (node?.__typename !== "Task" && node?.__typename !== "Workflow") return null;
  if (!data?.installation.hasPublicLinks) return null;
  const inputs = node.__typename === "Workflow" ? readInputs(node.definition) : [];
  return <Links subject={subject} name={node.name} links={node.publicLinks} inputs={inputs} done={reread} />;
}

type LinksProps = { subject: string; name: string; links: readonly PublicLink[]; inputs: readonly InputSpec[]; done: () => void };
type Fresh = { url: string; takesRequest: boolean };

function Links({ subject, name, links, inputs, done }: LinksProps): JSX.Element {
  const [asked, setAsked] = useState<"STATUS" | "TRIGGER" | null>(null);
  const [fresh, setFresh] = useState<Fresh | null>(null);
  const close = (): void => setAsked(null);
  const show = (url: string, takesRequest: boolean): void => {
    setFresh({ url, takesRequest });
    done();
  };
  return (
    <Section title="Public links" aside={<NewButtons ask={setAsked} />}>
      {fresh && <NewTriggerUrl url={fresh.url} inputs={inputs} takesRequest={fresh.takesRequest} close={() => setFresh(null)} />}
      {links.length === 0 && !fresh && (
        <p class="faint">Show its state to people without an account by a badge and a status page, or let a webhook start it.</p>
      )}
      {links.length > 0 && (
        <ul class="public-links">
          {links.map((link) => (
            <li key={link.id}>
              {link.kind === "STATUS" ? (
                <StatusLink link={link} name={name} done={done} />
              ) : (
                <TriggerLink link={link} done={done} renewed={(url) => show(url, link.requestInput !== null)} />
              )}
            </li>
          ))}
        </ul>
      )}
      {asked === "STATUS" && <NewStatusLink subject={subject} name={name} created={done} close={close} />}
      {asked === "TRIGGER" && <NewTrigger subject={subject} inputs={inputs} created={show} close={close} />}
    </Section>
  );
}

function NewButtons({ ask }: { ask: (kind: "STATUS" | "TRIGGER") => void }): JSX.Element {
  return (
    <span class="new-links">
      <button type="button" onClick={() => ask("STATUS")}>
        New status page
      </button>
      <button type="button" onClick={() => ask("TRIGGER")}>
        New trigger URL
      </button>
    </span>
  );
}

import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";

type Props = { title: string; above?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren };

/** A page with its title, which the browser's tab has too. */
export function Page({ title, above, actions, children }: Props): JSX.Element {
  useEffect(() => {
    document.title = `${title} · Tocsin`;
  }, [title]);
  return (
    <>
      <header class="page-header">
        <div>
          {above && <p class="above">{above}</p>}
          <h1>{title}</h1>
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

type SectionProps = { title: string; aside?: ComponentChildren; children: ComponentChildren };

export function Section({ title, aside, children }: SectionProps): JSX.Element {
  return (
    <section class="section" aria-label={title}>
      <h2>
        {title}
        {aside && <span class="aside">{aside}</span>}
      </h2>
      {children}
    </section>
  );
}

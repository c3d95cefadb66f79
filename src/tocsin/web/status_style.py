"""The style of the public status page, with the colors of the dashboard."""

STYLE = """
:root { color-scheme: light dark; --ground: #fbfafc; --paper: #fff; --line: #e4e1ea; --ink: #221c2b; --faint: #655f70;
  --good: #1c7a45; --bad: #b3261e; --warn: #8a5a00; --idle: #6f697b; --empty: #eeebf2; --mark: #fff }
@media (prefers-color-scheme: dark) { :root { --ground: #14171f; --paper: #1b1f2a; --line: #2e3443; --ink: #e4e6ee;
  --faint: #9aa1b3; --good: #57c88a; --bad: #ff8a80; --warn: #f0b957; --idle: #8a91a3;
  --empty: #262b39; --mark: #14171f } }
* { box-sizing: border-box; margin: 0 }
body { display: flex; flex-direction: column; min-height: 100dvh; padding: clamp(1rem, 4vw, 3rem) 1rem 1.5rem;
  background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  "Noto Sans", sans-serif; font-variant-numeric: tabular-nums }
main, footer { width: min(46rem, 100%); margin: 0 auto }
h1 { font-size: clamp(1.35rem, 1rem + 2vw, 2rem); line-height: 1.2; letter-spacing: -.015em; overflow-wrap: anywhere }
h2 { margin: 2rem 0 .6rem; color: var(--faint); font-size: .8125rem; font-weight: 600; letter-spacing: .01em }
.state { display: flex; gap: 1rem; align-items: center; margin-top: 1.25rem; padding: 1.1rem 1.25rem;
  border: 1px solid var(--line); border-inline-start: 5px solid var(--tone); border-radius: 10px;
  background: var(--paper) }
.state svg { flex: none; width: 2.5rem; height: 2.5rem }
.state circle { fill: var(--tone) }
.state path { fill: none; stroke: var(--mark); stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round }
.state .word { color: var(--tone); font-size: 1.35rem; font-weight: 650; line-height: 1.25 }
.good { --tone: var(--good) } .bad { --tone: var(--bad) } .warn { --tone: var(--warn) } .idle { --tone: var(--idle) }
.strip { display: flex; gap: clamp(1px, .35vw, 3px); align-items: flex-end; height: 2.25rem }
.strip > * { flex: 1; min-width: 0; border-radius: 2px; background: var(--tone, var(--empty)); height: 75% }
.strip .bad { height: 100% } .strip .warn { height: 45% } .strip .idle { height: 22% } .strip i { height: 10% }
.strip b:hover { outline: 2px solid var(--ink); outline-offset: 1px }
.ends { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; margin-top: .4rem;
  color: var(--faint); font-size: .8125rem }
.rates { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0; border: 1px solid var(--line);
  border-radius: 10px; background: var(--paper) }
.rates div { padding: .9rem 1.25rem } .rates div + div { border-inline-start: 1px solid var(--line) }
.rates dt, .rates .note { color: var(--faint); font-size: .8125rem }
.rates dd { font-size: 1.6rem; font-weight: 600; line-height: 1.3; letter-spacing: -.01em }
.rates .note { font-weight: 400; letter-spacing: 0 } .rates small { font-size: .6em; font-weight: 500 }
.times { margin-top: 1.5rem }
.times div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .6rem 0;
  border-bottom: 1px solid var(--line) }
.times dt { color: var(--faint) }
footer { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; margin-top: auto;
  padding-top: 2.5rem; color: var(--faint); font-size: .8125rem }
@media (max-width: 30rem) { .rates div { padding: .7rem .8rem } .rates dd { font-size: 1.25rem } }
@media (min-width: 100rem) { body { font-size: 18px } main, footer { width: min(60rem, 100%) } }
"""

/*! Licenses of the bundled packages: /assets/licences.md */
import{t as e}from"./actions-CSQUApiW.js";import{c as t,f as n}from"./index-CINajjmD.js";import{N as r,_ as i,a,d as o,f as s,i as c,r as l,t as u,u as d,v as f}from"./time-Dta3RUlp.js";var p=f(`
  query Queues {
    queues {
      name
      description
      concurrency
      ratePerMinute
      paused
      depth
      running
      oldestQueuedAt
      throughputPerMinute
    }
    circuits {
      host
      state
      failures
      cause
      retryAt
    }
  }
`),m=f(`mutation PauseQueue($name: String!) { pauseQueue(input: { name: $name }) { userErrors { message } } }`),h=f(`mutation ResumeQueue($name: String!) { resumeQueue(input: { name: $name }) { userErrors { message } } }`);function g(){let{data:e,error:t,reread:n}=i(p,{});return s(l,{title:`Queues`,children:[t&&!e&&s(d,{message:t,retry:n}),!t&&!e&&s(o,{count:4}),e&&s(_,{queues:e.queues,done:n}),e&&e.circuits.length>0&&s(c,{title:`Hosts that are not called now`,children:s(b,{circuits:e.circuits})})]})}function _({queues:e,done:r}){let i=n.current()?.user.isAdmin??!1;return s(`div`,{class:`table-frame`,children:s(`table`,{children:[s(`thead`,{children:s(`tr`,{children:[s(`th`,{children:`Queue`}),s(`th`,{class:`number`,children:`Queued`}),s(`th`,{class:`number`,children:`Running`}),s(`th`,{children:`Oldest`}),s(`th`,{class:`number`,children:`Per minute`}),s(`th`,{class:`number`,children:`Limits`}),i&&s(`th`,{})]})}),s(`tbody`,{children:e.map(e=>s(`tr`,{children:[s(`td`,{class:`name`,children:[e.name,` `,e.paused&&s(t,{status:`PAUSED`}),e.description&&s(`p`,{class:`faint description`,children:e.description})]}),s(`td`,{class:`number`,children:a(e.depth)}),s(`td`,{class:`number`,children:a(e.running)}),s(`td`,{class:`nowrap`,children:e.oldestQueuedAt?s(u,{at:e.oldestQueuedAt}):s(`span`,{class:`faint`,children:`–`})}),s(`td`,{class:`number`,children:a(e.throughputPerMinute)}),s(`td`,{class:`number faint`,children:v(e)}),i&&s(`td`,{class:`number`,children:s(y,{name:e.name,isPaused:e.paused,done:r})})]},e.name))})]})})}function v({concurrency:e,ratePerMinute:t}){return[e&&`${e} at once`,t&&`${a(t)} a minute`].filter(Boolean).join(`, `)||`none`}function y({name:t,isPaused:n,done:i}){let{run:a,isBusy:o,problem:c}=e(n?h:m,{name:t});return s(r,{children:[s(`span`,{class:`problem`,role:`alert`,children:c}),s(`button`,{type:`button`,disabled:o,onClick:()=>void a().then(i),children:n?`Resume`:`Pause`})]})}function b({circuits:e}){return s(`div`,{class:`table-frame`,children:s(`table`,{children:[s(`thead`,{children:s(`tr`,{children:[s(`th`,{children:`Host`}),s(`th`,{class:`number`,children:`Failures`}),s(`th`,{children:`Tried again`}),s(`th`,{class:`wide`,children:`Because`})]})}),s(`tbody`,{children:e.map(({host:e,failures:t,cause:n,retryAt:r})=>s(`tr`,{children:[s(`td`,{class:`name`,children:e}),s(`td`,{class:`number`,children:t}),s(`td`,{class:`nowrap`,children:s(u,{at:r})}),s(`td`,{class:`wide faint`,children:n})]},e))})]})})}export{g as QueuesPage};
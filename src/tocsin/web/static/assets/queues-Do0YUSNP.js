/*! Licenses of the bundled packages: /assets/licences.md */
import{o as e,p as t,t as n}from"./jsxRuntime.module-CnYUX-XB.js";import{t as r}from"./actions-C-u-PsqM.js";import{a as i}from"./client-Dls7rBOr.js";import{_ as a,a as o,i as s,r as c,t as l,v as u}from"./time-BRH1184B.js";import{H as d,U as f,h as p,t as m}from"./index-Hs8ExkQT.js";import{t as h}from"./status-BVNKpSH8.js";import{a as g,n as _,t as v}from"./form-CE7OeyD2.js";var y=u(`
  mutation UpdateQueue($input: UpdateQueueInput!) {
    updateQueue(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`);function b({queue:t,done:r,close:i}){let{send:a,isBusy:o,problems:s}=g(y),[c,l]=e(t??{name:``,description:``,concurrency:null,ratePerMinute:null,priority:0}),u=async()=>{await a({input:x(c)})!==null&&(r(),i())},d=e=>e.currentTarget.value===``?null:e.currentTarget.valueAsNumber;return n(m,{title:t?`Queue ${t.name}`:`New queue`,close:i,children:n(_,{problems:s,submit:u,children:[t===null&&n(v,{name:`name`,label:`Name`,hint:`Lower-case letters, digits, _ and -.`,children:e=>n(`input`,{...e,required:!0,maxLength:50,value:c.name,onInput:e=>l({...c,name:e.currentTarget.value})})}),n(v,{name:`description`,label:`Description`,children:e=>n(`input`,{...e,maxLength:500,value:c.description,onInput:e=>l({...c,description:e.currentTarget.value})})}),n(`div`,{class:`row`,children:[n(v,{name:`concurrency`,label:`Runs at once`,hint:`Empty for no limit.`,children:e=>n(`input`,{...e,type:`number`,min:1,value:c.concurrency??``,onInput:e=>l({...c,concurrency:d(e)})})}),n(v,{name:`ratePerMinute`,label:`Attempts a minute`,hint:`Empty for no limit.`,children:e=>n(`input`,{...e,type:`number`,min:1,value:c.ratePerMinute??``,onInput:e=>l({...c,ratePerMinute:d(e)})})}),n(v,{name:`priority`,label:`Priority`,hint:`Of tasks without one, -10 to 10.`,children:e=>n(`input`,{...e,type:`number`,min:-10,max:10,required:!0,value:c.priority,onInput:e=>l({...c,priority:d(e)??0})})})]}),n(`div`,{class:`buttons`,children:[n(`button`,{type:`button`,onClick:i,children:`Cancel`}),n(`button`,{class:`main`,disabled:o,children:t?`Save`:`Create`})]})]})})}function x({name:e,description:t,concurrency:n,ratePerMinute:r,priority:i}){return{name:e,description:t,concurrency:n,ratePerMinute:r,priority:i}}var S=u(`
  query Queues {
    queues {
      name
      description
      concurrency
      ratePerMinute
      priority
      paused
      depth
      running
      oldestQueuedAt
      throughputPerMinute
      lastHour {
        total
        failed
      }
    }
    circuits {
      host
      state
      failures
      cause
      retryAt
    }
  }
`),C=u(`mutation PauseQueue($name: String!) { pauseQueue(input: { name: $name }) { userErrors { message } } }`),w=u(`mutation ResumeQueue($name: String!) { resumeQueue(input: { name: $name }) { userErrors { message } } }`);function T(){let{data:e,error:t,reread:r}=a(S,{}),o=i.current()?.user.isAdmin??!1;return n(c,{title:`Queues`,actions:o&&n(O,{queue:null,done:r}),children:[t&&!e&&n(d,{message:t,retry:r}),!t&&!e&&n(f,{count:4}),e&&n(E,{queues:e.queues,done:r}),e&&e.circuits.length>0&&n(s,{title:`Hosts that are not called now`,children:n(A,{circuits:e.circuits})})]})}function E({queues:e,done:t}){let r=i.current()?.user.isAdmin??!1;return n(`div`,{class:`table-frame`,children:n(`table`,{children:[n(`thead`,{children:n(`tr`,{children:[n(`th`,{children:`Queue`}),n(`th`,{class:`number`,children:`Queued`}),n(`th`,{class:`number`,children:`Running`}),n(`th`,{children:`Oldest`}),n(`th`,{class:`number`,children:`Per minute`}),n(`th`,{children:`Last hour`}),n(`th`,{class:`number`,children:`Limits`}),r&&n(`th`,{})]})}),n(`tbody`,{children:e.map(e=>n(`tr`,{children:[n(`td`,{class:`name`,children:[e.name,` `,e.paused&&n(h,{status:`PAUSED`}),e.description&&n(`p`,{class:`faint description`,children:e.description})]}),n(`td`,{class:`number`,children:o(e.depth)}),n(`td`,{class:`number`,children:o(e.running)}),n(`td`,{class:`nowrap`,children:e.oldestQueuedAt?n(l,{at:e.oldestQueuedAt}):n(`span`,{class:`faint`,children:`–`})}),n(`td`,{class:`number`,children:o(e.throughputPerMinute)}),n(`td`,{children:n(p,{queue:e})}),n(`td`,{class:`number faint`,children:D(e)}),r&&n(`td`,{class:`number`,children:[n(O,{queue:e,done:t}),` `,n(k,{name:e.name,isPaused:e.paused,done:t})]})]},e.name))})]})})}function D({concurrency:e,ratePerMinute:t}){return[e&&`${e} at once`,t&&`${o(t)} a minute`].filter(Boolean).join(`, `)||`none`}function O({queue:r,done:i}){let[a,o]=e(!1);return n(t,{children:[n(`button`,{type:`button`,onClick:()=>o(!0),children:r?`Limits…`:`New queue…`}),a&&n(b,{queue:r,done:i,close:()=>o(!1)})]})}function k({name:e,isPaused:i,done:a}){let{run:o,isBusy:s,problem:c}=r(i?w:C,{name:e});return n(t,{children:[n(`span`,{class:`problem`,role:`alert`,children:c}),n(`button`,{type:`button`,disabled:s,onClick:()=>void o().then(a),children:i?`Resume`:`Pause`})]})}function A({circuits:e}){return n(`div`,{class:`table-frame`,children:n(`table`,{children:[n(`thead`,{children:n(`tr`,{children:[n(`th`,{children:`Host`}),n(`th`,{class:`number`,children:`Failures`}),n(`th`,{children:`Tried again`}),n(`th`,{class:`wide`,children:`Because`})]})}),n(`tbody`,{children:e.map(({host:e,failures:t,cause:r,retryAt:i})=>n(`tr`,{children:[n(`td`,{class:`name`,children:e}),n(`td`,{class:`number`,children:t}),n(`td`,{class:`nowrap`,children:n(l,{at:i})}),n(`td`,{class:`wide faint`,children:r})]},e))})]})})}export{T as QueuesPage};
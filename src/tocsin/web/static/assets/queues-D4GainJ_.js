/*! Licenses of the bundled packages: /assets/licences.md */
import{o as e,p as t,t as n}from"./jsxRuntime.module-CnYUX-XB.js";import{t as r}from"./actions-DXJXMTaF.js";import{B as i,K as a,h as o,t as s,z as c}from"./index-BkUuYp-e.js";import{_ as l,a as u,i as d,r as f,t as p,v as m}from"./time-C_g6slTD.js";import{t as h}from"./status-BVNKpSH8.js";import{a as g,n as _,t as v}from"./form-yJeqj3sf.js";var y=m(`
  mutation UpdateQueue($input: UpdateQueueInput!) {
    updateQueue(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`);function b({queue:t,done:r,close:i}){let{send:a,isBusy:o,problems:c}=g(y),[l,u]=e(t??{name:``,description:``,concurrency:null,ratePerMinute:null,priority:0}),d=async()=>{await a({input:x(l)})!==null&&(r(),i())},f=e=>e.currentTarget.value===``?null:e.currentTarget.valueAsNumber;return n(s,{title:t?`Queue ${t.name}`:`New queue`,close:i,children:n(_,{problems:c,submit:d,children:[t===null&&n(v,{name:`name`,label:`Name`,hint:`Lower-case letters, digits, _ and -.`,children:e=>n(`input`,{...e,required:!0,maxLength:50,value:l.name,onInput:e=>u({...l,name:e.currentTarget.value})})}),n(v,{name:`description`,label:`Description`,children:e=>n(`input`,{...e,maxLength:500,value:l.description,onInput:e=>u({...l,description:e.currentTarget.value})})}),n(`div`,{class:`row`,children:[n(v,{name:`concurrency`,label:`Runs at once`,hint:`Empty for no limit.`,children:e=>n(`input`,{...e,type:`number`,min:1,value:l.concurrency??``,onInput:e=>u({...l,concurrency:f(e)})})}),n(v,{name:`ratePerMinute`,label:`Attempts a minute`,hint:`Empty for no limit.`,children:e=>n(`input`,{...e,type:`number`,min:1,value:l.ratePerMinute??``,onInput:e=>u({...l,ratePerMinute:f(e)})})}),n(v,{name:`priority`,label:`Priority`,hint:`Of tasks without one, -10 to 10.`,children:e=>n(`input`,{...e,type:`number`,min:-10,max:10,required:!0,value:l.priority,onInput:e=>u({...l,priority:f(e)??0})})})]}),n(`div`,{class:`buttons`,children:[n(`button`,{type:`button`,onClick:i,children:`Cancel`}),n(`button`,{class:`main`,disabled:o,children:t?`Save`:`Create`})]})]})})}function x({name:e,description:t,concurrency:n,ratePerMinute:r,priority:i}){return{name:e,description:t,concurrency:n,ratePerMinute:r,priority:i}}var S=m(`
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
`),C=m(`mutation PauseQueue($name: String!) { pauseQueue(input: { name: $name }) { userErrors { message } } }`),w=m(`mutation ResumeQueue($name: String!) { resumeQueue(input: { name: $name }) { userErrors { message } } }`);function T(){let{data:e,error:t,reread:r}=l(S,{}),o=a.current()?.user.isAdmin??!1;return n(f,{title:`Queues`,actions:o&&n(O,{queue:null,done:r}),children:[t&&!e&&n(c,{message:t,retry:r}),!t&&!e&&n(i,{count:4}),e&&n(E,{queues:e.queues,done:r}),e&&e.circuits.length>0&&n(d,{title:`Hosts that are not called now`,children:n(A,{circuits:e.circuits})})]})}function E({queues:e,done:t}){let r=a.current()?.user.isAdmin??!1;return n(`div`,{class:`table-frame`,children:n(`table`,{children:[n(`thead`,{children:n(`tr`,{children:[n(`th`,{children:`Queue`}),n(`th`,{class:`number`,children:`Queued`}),n(`th`,{class:`number`,children:`Running`}),n(`th`,{children:`Oldest`}),n(`th`,{class:`number`,children:`Per minute`}),n(`th`,{children:`Last hour`}),n(`th`,{class:`number`,children:`Limits`}),r&&n(`th`,{})]})}),n(`tbody`,{children:e.map(e=>n(`tr`,{children:[n(`td`,{class:`name`,children:[e.name,` `,e.paused&&n(h,{status:`PAUSED`}),e.description&&n(`p`,{class:`faint description`,children:e.description})]}),n(`td`,{class:`number`,children:u(e.depth)}),n(`td`,{class:`number`,children:u(e.running)}),n(`td`,{class:`nowrap`,children:e.oldestQueuedAt?n(p,{at:e.oldestQueuedAt}):n(`span`,{class:`faint`,children:`–`})}),n(`td`,{class:`number`,children:u(e.throughputPerMinute)}),n(`td`,{children:n(o,{queue:e})}),n(`td`,{class:`number faint`,children:D(e)}),r&&n(`td`,{class:`number`,children:[n(O,{queue:e,done:t}),` `,n(k,{name:e.name,isPaused:e.paused,done:t})]})]},e.name))})]})})}function D({concurrency:e,ratePerMinute:t}){return[e&&`${e} at once`,t&&`${u(t)} a minute`].filter(Boolean).join(`, `)||`none`}function O({queue:r,done:i}){let[a,o]=e(!1);return n(t,{children:[n(`button`,{type:`button`,onClick:()=>o(!0),children:r?`Limits…`:`New queue…`}),a&&n(b,{queue:r,done:i,close:()=>o(!1)})]})}function k({name:e,isPaused:i,done:a}){let{run:o,isBusy:s,problem:c}=r(i?w:C,{name:e});return n(t,{children:[n(`span`,{class:`problem`,role:`alert`,children:c}),n(`button`,{type:`button`,disabled:s,onClick:()=>void o().then(a),children:i?`Resume`:`Pause`})]})}function A({circuits:e}){return n(`div`,{class:`table-frame`,children:n(`table`,{children:[n(`thead`,{children:n(`tr`,{children:[n(`th`,{children:`Host`}),n(`th`,{class:`number`,children:`Failures`}),n(`th`,{children:`Tried again`}),n(`th`,{class:`wide`,children:`Because`})]})}),n(`tbody`,{children:e.map(({host:e,failures:t,cause:r,retryAt:i})=>n(`tr`,{children:[n(`td`,{class:`name`,children:e}),n(`td`,{class:`number`,children:t}),n(`td`,{class:`nowrap`,children:n(p,{at:i})}),n(`td`,{class:`wide faint`,children:r})]},e))})]})})}export{T as QueuesPage};
/*! Licenses of the bundled packages: /assets/licences.md */
import{a as e,f as t,t as n}from"./jsxRuntime.module-B9qDJXb7.js";import{A as r,E as i,_ as a,a as o,i as s,s as c,t as l,v as u}from"./time-B1YIbO7n.js";import{H as d,V as f,y as p}from"./index-DmBNgMYb.js";import{i as m,n as h,t as g}from"./form-C02djnv8.js";import{t as _}from"./actions-BiIDKJx-.js";function v({label:e,tabs:t}){let[a]=r();return n(`nav`,{class:`tabs`,"aria-label":e,children:t.map(({path:e,name:t})=>n(i,{href:e,"aria-current":a===e?`page`:void 0,children:t},e))})}var y=[`UTC`,...Intl.supportedValuesOf(`timeZone`).filter(e=>e!==`UTC`)],b=Intl.DateTimeFormat().resolvedOptions().timeZone;function x({value:e,change:r,...i}){return n(t,{children:[n(`input`,{...i,list:`${i.id}-zones`,required:!0,autocomplete:`off`,spellcheck:!1,value:e,onInput:e=>r(e.currentTarget.value)}),n(`datalist`,{id:`${i.id}-zones`,children:y.map(e=>n(`option`,{value:e},e))}),e!==b&&n(`button`,{type:`button`,class:`link small`,onClick:()=>r(b),children:[`Use `,b,`, as your browser does`]})]})}var S=u(`
  query Profile {
    viewer {
      email
      isAdmin
      emailConfirmed
      emailConfirmationRequired
      createdAt
      usage {
        quota
        used
        limit
        unit
        resetsAt
      }
    }
    notificationPreferences {
      timeZone
    }
  }
`),C=u(`mutation RequestEmailConfirmation { requestEmailConfirmation { email userErrors { message } } }`),w=u(`
  mutation SetTimeZone($timeZone: String) {
    updateNotificationPreferences(input: { timeZone: $timeZone }) {
      userErrors {
        field
        message
      }
    }
  }
`),T=()=>!1;function E(){let{data:e,error:r,reread:i}=a(S,{},{concerns:T});if(r&&!e)return n(f,{message:r,retry:i});if(!e)return n(d,{count:6});let{viewer:o,notificationPreferences:c}=e;return n(t,{children:[o.emailConfirmationRequired&&!o.emailConfirmed&&n(D,{email:o.email}),n(`dl`,{class:`settings`,children:[n(`div`,{children:[n(`dt`,{children:`Email address`}),n(`dd`,{children:o.email})]}),n(`div`,{children:[n(`dt`,{children:`Role`}),n(`dd`,{children:o.isAdmin?`Administrator`:`User`})]}),n(`div`,{children:[n(`dt`,{children:`Account since`}),n(`dd`,{children:n(l,{at:o.createdAt})})]})]}),n(s,{title:`Time zone`,children:n(O,{timeZone:c.timeZone})}),n(s,{title:`Usage`,children:n(k,{usage:o.usage??[]})})]})}function D({email:t}){let{run:r,isBusy:i,problem:a}=_(C,{}),[o,s]=e(!1);return n(`div`,{class:`notice warn`,children:[n(`p`,{children:[n(`strong`,{children:`Your address is not confirmed.`}),` Until it is, nothing else is mailed to `,t,`, and your jobs send no mail.`]}),o?n(`p`,{role:`status`,children:[`A link is on its way to `,t,`.`]}):n(`button`,{type:`button`,disabled:i,onClick:()=>void r().then(s),children:`Send the link again`}),a&&n(`p`,{class:`problem`,role:`alert`,children:a})]})}function O({timeZone:t}){let[r,i]=e(t),{send:a,isBusy:o,problems:s}=m(w);return n(h,{problems:s,submit:async()=>{await a({timeZone:r})&&p(`Quiet hours and digests follow the time of ${r} from now on.`)},class:`form panel`,children:[n(g,{name:`timeZone`,label:`Of quiet hours and digests`,hint:`Times on these pages are in the time zone of your browser.`,children:e=>n(x,{...e,value:r,change:i})}),n(`div`,{class:`buttons`,children:n(`button`,{class:`main`,disabled:o||r===t,children:`Save`})})]})}function k({usage:e}){return n(`dl`,{class:`settings usage`,children:e.map(e=>n(A,{...e},e.quota))})}function A({quota:e,used:t,limit:r,unit:i,resetsAt:a}){let s=c(e),u=i===`MEGABYTES`?` MB`:``;return n(`div`,{children:[n(`dt`,{children:s}),n(`dd`,{children:[o(t),r!==null&&` of ${o(r)}`,u,r===null&&n(`span`,{class:`faint`,children:` · no limit`}),r!==null&&n(`meter`,{value:t,max:r,high:r*.8,optimum:0,"aria-label":s})]}),a&&n(`dd`,{class:`faint small`,children:[`starts over `,n(l,{at:a})]})]})}export{v as i,T as n,x as r,E as t};
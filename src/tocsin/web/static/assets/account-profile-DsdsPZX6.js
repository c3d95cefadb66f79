/*! Licenses of the bundled packages: /assets/licences.md */
import{o as e,p as t,t as n}from"./jsxRuntime.module-CnYUX-XB.js";import{Z as r,_ as i,a,i as o,r as s,s as c,t as l,tt as u,v as d}from"./time-BRH1184B.js";import{H as f,J as p,U as m,V as h}from"./index-Hs8ExkQT.js";import{a as g,n as _,t as v}from"./form-CE7OeyD2.js";import{t as y}from"./actions-C-u-PsqM.js";function b({label:e,tabs:t}){let[i]=u();return n(`nav`,{class:`tabs`,"aria-label":e,children:t.map(({path:e,name:t})=>n(r,{href:e,"aria-current":i===e?`page`:void 0,children:t},e))})}function x({title:e,label:t,path:r,parts:i,part:a=``}){let o=i.find(e=>e.part===a);return n(s,{title:e,children:[n(b,{label:t,tabs:i.map(e=>({path:e.part?`${r}/${e.part}`:r,name:e.name}))}),o?o.show():n(h,{title:`There is no such page`})]})}var S=[`UTC`,...Intl.supportedValuesOf(`timeZone`).filter(e=>e!==`UTC`)],C=Intl.DateTimeFormat().resolvedOptions().timeZone;function w({value:e,change:r,...i}){return n(t,{children:[n(`input`,{...i,list:`${i.id}-zones`,required:!0,autocomplete:`off`,spellcheck:!1,value:e,onInput:e=>r(e.currentTarget.value)}),n(`datalist`,{id:`${i.id}-zones`,children:S.map(e=>n(`option`,{value:e},e))}),e!==C&&n(`button`,{type:`button`,class:`link small`,onClick:()=>r(C),children:[`Use `,C,`, as your browser does`]})]})}var T=d(`
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
`),E=d(`mutation RequestEmailConfirmation { requestEmailConfirmation { email userErrors { message } } }`),D=d(`
  mutation SetTimeZone($timeZone: String) {
    updateNotificationPreferences(input: { timeZone: $timeZone }) {
      userErrors {
        field
        message
      }
    }
  }
`),O=()=>!1;function k(){let{data:e,error:r,reread:a}=i(T,{},{concerns:O});if(r&&!e)return n(f,{message:r,retry:a});if(!e)return n(m,{count:6});let{viewer:s,notificationPreferences:c}=e;return n(t,{children:[s.emailConfirmationRequired&&!s.emailConfirmed&&n(A,{email:s.email}),n(`dl`,{class:`settings`,children:[n(`div`,{children:[n(`dt`,{children:`Email address`}),n(`dd`,{children:s.email})]}),n(`div`,{children:[n(`dt`,{children:`Role`}),n(`dd`,{children:s.isAdmin?`Administrator`:`User`})]}),n(`div`,{children:[n(`dt`,{children:`Account since`}),n(`dd`,{children:n(l,{at:s.createdAt})})]})]}),n(o,{title:`Time zone`,children:n(j,{timeZone:c.timeZone})}),n(o,{title:`Usage`,children:n(M,{usage:s.usage??[]})})]})}function A({email:t}){let{run:r,isBusy:i,problem:a}=y(E,{}),[o,s]=e(!1);return n(`div`,{class:`notice warn`,children:[n(`p`,{children:[n(`strong`,{children:`Your address is not confirmed.`}),` Until it is, nothing else is mailed to `,t,`, and your jobs send no mail.`]}),o?n(`p`,{role:`status`,children:[`A link is on its way to `,t,`.`]}):n(`button`,{type:`button`,disabled:i,onClick:()=>void r().then(s),children:`Send the link again`}),a&&n(`p`,{class:`problem`,role:`alert`,children:a})]})}function j({timeZone:t}){let[r,i]=e(t),{send:a,isBusy:o,problems:s}=g(D);return n(_,{problems:s,submit:async()=>{await a({timeZone:r})&&p(`Quiet hours and digests follow the time of ${r} from now on.`)},class:`form panel`,children:[n(v,{name:`timeZone`,label:`Of quiet hours and digests`,hint:`Times on these pages are in the time zone of your browser.`,children:e=>n(w,{...e,value:r,change:i})}),n(`div`,{class:`buttons`,children:n(`button`,{class:`main`,disabled:o||r===t,children:`Save`})})]})}function M({usage:e}){return n(`dl`,{class:`settings usage`,children:e.map(e=>n(N,{...e},e.quota))})}function N({quota:e,used:t,limit:r,unit:i,resetsAt:o}){let s=c(e),u=i===`MEGABYTES`?` MB`:``;return n(`div`,{children:[n(`dt`,{children:s}),n(`dd`,{children:[a(t),r!==null&&` of ${a(r)}`,u,r===null&&n(`span`,{class:`faint`,children:` · no limit`}),r!==null&&n(`meter`,{value:t,max:r,high:r*.8,optimum:0,"aria-label":s})]}),o&&n(`dd`,{class:`faint small`,children:[`starts over `,n(l,{at:o})]})]})}export{x as i,O as n,w as r,k as t};
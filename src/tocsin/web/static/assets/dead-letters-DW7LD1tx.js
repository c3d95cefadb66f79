/*! Licenses of the bundled packages: /assets/licences.md */
import{a as e,f as t,o as n,t as r}from"./jsxRuntime.module-B9qDJXb7.js";import{$ as i,A as a,B as o,F as s,H as c,I as l,J as u,N as d,O as f,P as p,T as m,V as h,W as g,i as _,l as v,n as y,nt as b,q as x,r as S,t as C}from"./index-CfbBKCB3.js";import{t as w}from"./pager-ClrqVP4e.js";import{i as T,n as E,t as D}from"./form-DSuI08_u.js";import{t as O}from"./actions-CHsHzQ2_.js";var k=u(`
  mutation DiscardDeadLetters($filter: DeadLetterFilter, $all: Boolean!) {
    discardDeadLetters(input: { filter: $filter, all: $all }) {
      count
      userErrors {
        field
        message
      }
    }
  }
`);function A({filter:e,count:n,done:i}){let{send:a,isBusy:o,problems:c}=T(k),l=async()=>{let t=n===1?`Discard this dead letter?`:`Discard ${s(n)} dead letters?`;if(!await y({title:t,text:`They stay in the history as failed runs, but cannot be replayed together any more. This cannot be undone.`,action:`Discard`}))return;let r=Object.keys(e).length===0,o=await a({filter:r?null:e,all:r});o&&v(`Discarded ${s(o.discardDeadLetters.count??0)}.`),i()};return r(t,{children:[r(`span`,{class:`problem`,role:`alert`,children:c.general}),r(`button`,{type:`button`,disabled:o,onClick:()=>void l(),children:`Discard…`})]})}var j=6e4,M=u(`
  mutation ReplayDeadLetters($input: ReplayDeadLettersInput!) {
    replayDeadLetters(input: $input) {
      count
      replay {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);function N({filter:n,done:i}){let[a,o]=e(!1);return r(t,{children:[r(`button`,{type:`button`,class:`main`,onClick:()=>o(!0),children:[r(m,{}),`Replay…`]}),a&&r(P,{filter:n,done:i,close:()=>o(!1)})]})}function P({filter:t,done:n,close:i}){let{send:a,isBusy:o,problems:s}=T(M),c=F(t),[l]=e(()=>crypto.randomUUID()),[u,d]=e(60),[f,p]=e(!0),[m,h]=e(`CURRENT`);return r(C,{title:`Replay dead letters`,close:i,children:r(E,{problems:s,submit:async()=>{await a({input:{filter:t,perMinute:u,canary:f,settings:m,idempotencyKey:l}})!==null&&(v(`The replay has begun.`),i(),n())},children:[r(`p`,{role:`status`,children:c===null?`Counting …`:I(c,u)}),r(D,{name:`perMinute`,label:`Runs a minute`,hint:`As many as the host can take.`,children:e=>r(`input`,{...e,type:`number`,min:1,max:6e3,required:!0,value:u,onInput:e=>d(e.currentTarget.valueAsNumber||1)})}),r(`label`,{class:`check`,children:[r(`input`,{type:`checkbox`,checked:f,onChange:e=>p(e.currentTarget.checked)}),`Send one first, and the others only if it succeeds`]}),r(D,{name:`settings`,label:`With the settings`,children:e=>r(`select`,{...e,value:m,onChange:e=>h(e.currentTarget.value),children:[r(`option`,{value:`CURRENT`,children:`that the tasks have now`}),r(`option`,{value:`ORIGINAL`,children:`that the runs had`})]})}),r(`div`,{class:`buttons`,children:[r(`button`,{type:`button`,onClick:i,children:`Cancel`}),r(`button`,{class:`main`,disabled:o||c===0,children:`Replay`})]})]})})}function F(t){let{send:r}=T(M),[i,a]=e(null);return n(()=>{r({input:{filter:t,dryRun:!0}}).then(e=>a(e?.replayDeadLetters.count??null))},[]),i}function I(e,t){return e===0?`No dead letter matches.`:`${e===1?`1 run`:`${s(e)} runs`} will be sent, which takes about ${l(e/t*j)}.`}var L=u(`
  query Replays {
    replays(first: 5) {
      nodes {
        id
        status
        reason
        perMinute
        createdAt
        finishedAt
        counts {
          selected
          sent
          succeeded
          failed
          skipped
        }
        skips {
          reason
          reasonText
          count
        }
        canaryRun {
          id
        }
      }
    }
  }
`),R=u(`mutation StopReplay($id: ID!) { stopReplay(input: { id: $id }) { userErrors { message } } }`);function z(){let{data:e,reread:t}=x(L,{},{concerns:g}),n=e?.replays.nodes??[];return n.length===0?null:r(p,{title:`Replays`,children:r(`ul`,{class:`replays`,children:n.map(e=>r(B,{replay:e,done:t},e.id))})})}function B({replay:e,done:t}){let{id:n,status:i,reason:o,createdAt:c,counts:l,skips:u,canaryRun:d}=e,p=O(R,{id:n}),m=i===`CANARY`||i===`RUNNING`,h=l.succeeded+l.failed+l.skipped;return r(`li`,{children:[r(a,{status:i}),r(`div`,{class:`text`,children:[r(`progress`,{value:h,max:Math.max(l.selected,1),"aria-label":`Runs that have ended`}),r(`p`,{class:`facts`,children:[r(`span`,{children:[s(h),` of `,s(l.selected)]}),r(`span`,{class:`good-text`,children:[s(l.succeeded),` succeeded`]}),l.failed>0&&r(`span`,{class:`bad-text`,children:[s(l.failed),` failed again`]}),u.map(e=>r(`span`,{title:e.reasonText,children:[s(e.count),` skipped`]},e.reason)),d&&r(b,{href:`/runs/${d.id}`,children:`first run`}),r(`span`,{children:r(f,{at:c})})]}),o&&r(`p`,{class:`faint`,children:o}),r(`p`,{class:`problem`,role:`alert`,children:p.problem})]}),m&&r(`button`,{type:`button`,disabled:p.isBusy,onClick:()=>void p.run().then(t),children:`Stop`})]})}var V=30,H=u(`
    query DeadLetters($filter: DeadLetterFilter, $first: Int!, $after: String) {
      deadLetterCauses {
        errorKind
        host
        count
        oldest
        newest
      }
      deadLetters(filter: $filter, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...RunRow
        }
      }
    }
  `,[S]);function U(){let[n,a]=i(),[s,l]=e(null),u=W(n),{data:f,error:m,reread:v}=x(H,{filter:u,first:V,after:s},{concerns:g}),y=f?.deadLetters,b=e=>{l(null),a({error:e?.errorKind??null,host:e?.host??null})},S=Object.keys(u).length>0;return r(d,{title:`Dead letters`,actions:y&&y.totalCount>0&&r(t,{children:[r(A,{filter:u,count:y.totalCount,done:v}),r(N,{filter:u,done:v})]}),children:[r(`p`,{class:`faint`,children:`Runs that have failed for good. Repair the cause, then replay them: one first, and the others at a rate that the host can take.`}),m&&!f&&r(h,{message:m,retry:v}),!m&&!f&&r(c,{count:8}),r(z,{}),f&&f.deadLetterCauses.length>0&&r(p,{title:`By cause`,aside:S&&r(`button`,{type:`button`,class:`link`,onClick:()=>b(null),children:`Show all`}),children:r(G,{causes:f.deadLetterCauses,filters:n,choose:b})}),y&&y.nodes.length>0&&r(p,{title:S?`Runs with this cause`:`Runs`,children:[r(_,{runs:y.nodes,named:!0}),r(w,{shown:y.nodes.length,total:{count:y.totalCount,isExact:y.totalCountIsExact},pageInfo:y.pageInfo,isFirst:s===null,go:l})]}),y?.nodes.length===0&&r(o,{title:S?`No run matches`:`No run has failed for good`})]})}function W(e){let t=e.get(`error`),n=e.get(`host`);return{...t&&{errorKind:t},...n&&{host:n}}}function G({causes:e,filters:t,choose:n}){let i=Math.max(...e.map(({count:e})=>e)),a=({errorKind:e,host:n})=>t.get(`error`)===e&&t.get(`host`)===n;return r(`div`,{class:`table-frame`,children:r(`table`,{class:`causes`,children:[r(`thead`,{children:r(`tr`,{children:[r(`th`,{children:`Error`}),r(`th`,{children:`Host`}),r(`th`,{class:`number`,children:`Runs`}),r(`th`,{class:`wide`,"aria-hidden":`true`}),r(`th`,{children:`Latest`})]})}),r(`tbody`,{children:e.map(e=>r(`tr`,{class:a(e)?`chosen`:void 0,children:[r(`td`,{class:`nowrap`,children:r(`button`,{type:`button`,class:`link`,"aria-pressed":a(e),onClick:()=>n(a(e)?null:e),children:K(e.errorKind)})}),r(`td`,{children:e.host??r(`span`,{class:`faint`,children:`–`})}),r(`td`,{class:`number`,children:s(e.count)}),r(`td`,{class:`wide`,children:r(`meter`,{min:0,max:i,value:e.count,"aria-hidden":`true`})}),r(`td`,{class:`nowrap`,children:r(f,{at:e.newest})})]},`${e.errorKind} ${e.host}`))})]})})}function K(e){if(e===null)return`Lost`;let t=e.toLowerCase().replaceAll(`_`,` `).replace(/\b(dns|tls|http|url)\b/g,e=>e.toUpperCase());return t.charAt(0).toUpperCase()+t.slice(1)}export{U as DeadLettersPage};
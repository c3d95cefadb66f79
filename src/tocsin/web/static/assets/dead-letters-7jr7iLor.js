/*! Licenses of the bundled packages: /assets/licences.md */
import{o as e,p as t,s as n,t as r}from"./jsxRuntime.module-CnYUX-XB.js";import{H as i,J as a,L as o,U as s,V as c,Z as l,_ as u,i as d,n as f,t as p,v as m}from"./index-Hs8ExkQT.js";import{Z as h,_ as g,a as _,i as v,m as y,o as b,r as x,t as S,v as C}from"./time-BRH1184B.js";import{t as w}from"./pager-BDub3AhO.js";import{a as T,n as E,t as D}from"./form-CE7OeyD2.js";import{t as O}from"./actions-C-u-PsqM.js";import{t as k}from"./status-BVNKpSH8.js";var A=C(`
  mutation DiscardDeadLetters($filter: DeadLetterFilter, $all: Boolean!) {
    discardDeadLetters(input: { filter: $filter, all: $all }) {
      count
      userErrors {
        field
        message
      }
    }
  }
`);function j({filter:e,count:n,done:i}){let{send:o,isBusy:s,problems:c}=T(A),l=async()=>{let t=n===1?`Discard this dead letter?`:`Discard ${_(n)} dead letters?`;if(!await f({title:t,text:`They stay in the history as failed runs, but cannot be replayed together any more. This cannot be undone.`,action:`Discard`}))return;let r=Object.keys(e).length===0,s=await o({filter:r?null:e,all:r});s&&a(`Discarded ${_(s.discardDeadLetters.count??0)}.`),i()};return r(t,{children:[r(`span`,{class:`problem`,role:`alert`,children:c.general}),r(`button`,{type:`button`,disabled:s,onClick:()=>void l(),children:`Discard…`})]})}var M=6e4,N=C(`
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
`);function P({filter:n,done:i}){let[a,s]=e(!1);return r(t,{children:[r(`button`,{type:`button`,class:`main`,onClick:()=>s(!0),children:[r(o,{}),`Replay…`]}),a&&r(F,{filter:n,done:i,close:()=>s(!1)})]})}function F({filter:t,done:n,close:i}){let{send:o,isBusy:s,problems:c}=T(N),l=I(t),[u]=e(()=>crypto.randomUUID()),[d,f]=e(60),[m,h]=e(!0),[g,_]=e(`CURRENT`);return r(p,{title:`Replay dead letters`,close:i,children:r(E,{problems:c,submit:async()=>{await o({input:{filter:t,perMinute:d,canary:m,settings:g,idempotencyKey:u}})!==null&&(a(`The replay has begun.`),i(),n())},children:[r(`p`,{role:`status`,children:l===null?`Counting …`:L(l,d)}),r(D,{name:`perMinute`,label:`Runs a minute`,hint:`As many as the host can take.`,children:e=>r(`input`,{...e,type:`number`,min:1,max:6e3,required:!0,value:d,onInput:e=>f(e.currentTarget.valueAsNumber||1)})}),r(`label`,{class:`check`,children:[r(`input`,{type:`checkbox`,checked:m,onChange:e=>h(e.currentTarget.checked)}),`Send one first, and the others only if it succeeds`]}),r(D,{name:`settings`,label:`With the settings`,children:e=>r(`select`,{...e,value:g,onChange:e=>_(e.currentTarget.value),children:[r(`option`,{value:`CURRENT`,children:`that the tasks have now`}),r(`option`,{value:`ORIGINAL`,children:`that the runs had`})]})}),r(`div`,{class:`buttons`,children:[r(`button`,{type:`button`,onClick:i,children:`Cancel`}),r(`button`,{class:`main`,disabled:s||l===0,children:`Replay`})]})]})})}function I(t){let{send:r}=T(N),[i,a]=e(null);return n(()=>{r({input:{filter:t,dryRun:!0}}).then(e=>a(e?.replayDeadLetters.count??null))},[]),i}function L(e,t){return e===0?`No dead letter matches.`:`${e===1?`1 run`:`${_(e)} runs`} will be sent, which takes about ${b(e/t*M)}.`}var R=C(`
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
`),z=C(`mutation StopReplay($id: ID!) { stopReplay(input: { id: $id }) { userErrors { message } } }`);function B(){let{data:e,reread:t}=g(R,{},{concerns:y}),n=e?.replays.nodes??[];return n.length===0?null:r(v,{title:`Replays`,children:r(`ul`,{class:`replays`,children:n.map(e=>r(V,{replay:e,done:t},e.id))})})}function V({replay:e,done:t}){let{id:n,status:i,reason:a,createdAt:o,counts:s,skips:c,canaryRun:l}=e,u=O(z,{id:n}),d=i===`CANARY`||i===`RUNNING`,f=s.succeeded+s.failed+s.skipped;return r(`li`,{children:[r(k,{status:i}),r(`div`,{class:`text`,children:[r(`progress`,{value:f,max:Math.max(s.selected,1),"aria-label":`Runs that have ended`}),r(`p`,{class:`facts`,children:[r(`span`,{children:[_(f),` of `,_(s.selected)]}),r(`span`,{class:`good-text`,children:[_(s.succeeded),` succeeded`]}),s.failed>0&&r(`span`,{class:`bad-text`,children:[_(s.failed),` failed again`]}),c.map(e=>r(`span`,{title:e.reasonText,children:[_(e.count),` skipped`]},e.reason)),l&&r(h,{href:`/runs/${l.id}`,children:`first run`}),r(`span`,{children:r(S,{at:o})})]}),a&&r(`p`,{class:`faint`,children:a}),r(`p`,{class:`problem`,role:`alert`,children:u.problem})]}),d&&r(`button`,{type:`button`,disabled:u.isBusy,onClick:()=>void u.run().then(t),children:`Stop`})]})}var H=30,U=C(`
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
  `,[u]);function W(){let[n,a]=l(),[o,u]=e(null),d=G(n),{data:f,error:p,reread:h}=g(U,{filter:d,first:H,after:o},{concerns:y}),_=f?.deadLetters,b=e=>{u(null),a({error:e?.errorKind??null,host:e?.host??null})},S=Object.keys(d).length>0;return r(x,{title:`Dead letters`,actions:_&&_.totalCount>0&&r(t,{children:[r(j,{filter:d,count:_.totalCount,done:h}),r(P,{filter:d,done:h})]}),children:[r(`p`,{class:`faint`,children:`Runs that have failed for good. Repair the cause, then replay them: one first, and the others at a rate that the host can take.`}),p&&!f&&r(i,{message:p,retry:h}),!p&&!f&&r(s,{count:8}),r(B,{}),f&&f.deadLetterCauses.length>0&&r(v,{title:`By cause`,aside:S&&r(`button`,{type:`button`,class:`link`,onClick:()=>b(null),children:`Show all`}),children:r(K,{causes:f.deadLetterCauses,filters:n,choose:b})}),_&&_.nodes.length>0&&r(v,{title:S?`Runs with this cause`:`Runs`,children:[r(m,{runs:_.nodes,named:!0}),r(w,{shown:_.nodes.length,total:{count:_.totalCount,isExact:_.totalCountIsExact},pageInfo:_.pageInfo,isFirst:o===null,go:u})]}),_?.nodes.length===0&&r(c,{title:S?`No run matches`:`No run has failed for good`})]})}function G(e){let t=d.find(t=>t===e.get(`error`)),n=e.get(`host`);return{...t&&{errorKind:t},...n&&{host:n}}}function K({causes:e,filters:t,choose:n}){let i=Math.max(...e.map(({count:e})=>e)),a=({errorKind:e,host:n})=>t.get(`error`)===e&&t.get(`host`)===n;return r(`div`,{class:`table-frame`,children:r(`table`,{class:`causes`,children:[r(`thead`,{children:r(`tr`,{children:[r(`th`,{children:`Error`}),r(`th`,{children:`Host`}),r(`th`,{class:`number`,children:`Runs`}),r(`th`,{class:`wide`,"aria-hidden":`true`}),r(`th`,{children:`Latest`})]})}),r(`tbody`,{children:e.map(e=>r(`tr`,{class:a(e)?`chosen`:void 0,children:[r(`td`,{class:`nowrap`,children:r(`button`,{type:`button`,class:`link`,"aria-pressed":a(e),onClick:()=>n(a(e)?null:e),children:q(e.errorKind)})}),r(`td`,{children:e.host??r(`span`,{class:`faint`,children:`–`})}),r(`td`,{class:`number`,children:_(e.count)}),r(`td`,{class:`wide`,children:r(`meter`,{min:0,max:i,value:e.count,"aria-hidden":`true`})}),r(`td`,{class:`nowrap`,children:r(S,{at:e.newest})})]},`${e.errorKind} ${e.host}`))})]})})}function q(e){if(e===null)return`Lost`;let t=e.toLowerCase().replaceAll(`_`,` `).replace(/\b(dns|tls|http|url)\b/g,e=>e.toUpperCase());return t.charAt(0).toUpperCase()+t.slice(1)}export{W as DeadLettersPage};
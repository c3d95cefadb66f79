/*! Licenses of the bundled packages: /assets/licences.md */
import{o as e,p as t,s as n,t as r}from"./jsxRuntime.module-CnYUX-XB.js";import{B as i,G as a,J as o,P as s,R as c,f as l,n as u,p as d,t as f,z as p}from"./index-Bn3Tr9Za.js";import{Z as m,_ as h,a as g,i as _,m as v,o as y,r as b,t as x,v as S}from"./time-CLl4T1nq.js";import{t as C}from"./pager-C-jgpCAO.js";import{a as w,n as T,t as E}from"./form-Cz-rZUfQ.js";import{t as D}from"./actions-sPt1L9Cl.js";import{t as O}from"./status-BVNKpSH8.js";var k=S(`
  mutation DiscardDeadLetters($filter: DeadLetterFilter, $all: Boolean!) {
    discardDeadLetters(input: { filter: $filter, all: $all }) {
      count
      userErrors {
        field
        message
      }
    }
  }
`);function A({filter:e,count:n,done:i}){let{send:o,isBusy:s,problems:c}=w(k),l=async()=>{let t=n===1?`Discard this dead letter?`:`Discard ${g(n)} dead letters?`;if(!await u({title:t,text:`They stay in the history as failed runs, but cannot be replayed together any more. This cannot be undone.`,action:`Discard`}))return;let r=Object.keys(e).length===0,s=await o({filter:r?null:e,all:r});s&&a(`Discarded ${g(s.discardDeadLetters.count??0)}.`),i()};return r(t,{children:[r(`span`,{class:`problem`,role:`alert`,children:c.general}),r(`button`,{type:`button`,disabled:s,onClick:()=>void l(),children:`Discard…`})]})}var j=6e4,M=S(`
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
`);function N({filter:n,done:i}){let[a,o]=e(!1);return r(t,{children:[r(`button`,{type:`button`,class:`main`,onClick:()=>o(!0),children:[r(s,{}),`Replay…`]}),a&&r(P,{filter:n,done:i,close:()=>o(!1)})]})}function P({filter:t,done:n,close:i}){let{send:o,isBusy:s,problems:c}=w(M),l=F(t),[u]=e(()=>crypto.randomUUID()),[d,p]=e(60),[m,h]=e(!0),[g,_]=e(`CURRENT`);return r(f,{title:`Replay dead letters`,close:i,children:r(T,{problems:c,submit:async()=>{await o({input:{filter:t,perMinute:d,canary:m,settings:g,idempotencyKey:u}})!==null&&(a(`The replay has begun.`),i(),n())},children:[r(`p`,{role:`status`,children:l===null?`Counting …`:I(l,d)}),r(E,{name:`perMinute`,label:`Runs a minute`,hint:`As many as the host can take.`,children:e=>r(`input`,{...e,type:`number`,min:1,max:6e3,required:!0,value:d,onInput:e=>p(e.currentTarget.valueAsNumber||1)})}),r(`label`,{class:`check`,children:[r(`input`,{type:`checkbox`,checked:m,onChange:e=>h(e.currentTarget.checked)}),`Send one first, and the others only if it succeeds`]}),r(E,{name:`settings`,label:`With the settings`,children:e=>r(`select`,{...e,value:g,onChange:e=>_(e.currentTarget.value),children:[r(`option`,{value:`CURRENT`,children:`that the tasks have now`}),r(`option`,{value:`ORIGINAL`,children:`that the runs had`})]})}),r(`div`,{class:`buttons`,children:[r(`button`,{type:`button`,onClick:i,children:`Cancel`}),r(`button`,{class:`main`,disabled:s||l===0,children:`Replay`})]})]})})}function F(t){let{send:r}=w(M),[i,a]=e(null);return n(()=>{r({input:{filter:t,dryRun:!0}}).then(e=>a(e?.replayDeadLetters.count??null))},[]),i}function I(e,t){return e===0?`No dead letter matches.`:`${e===1?`1 run`:`${g(e)} runs`} will be sent, which takes about ${y(e/t*j)}.`}var L=S(`
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
`),R=S(`mutation StopReplay($id: ID!) { stopReplay(input: { id: $id }) { userErrors { message } } }`);function z(){let{data:e,reread:t}=h(L,{},{concerns:v}),n=e?.replays.nodes??[];return n.length===0?null:r(_,{title:`Replays`,children:r(`ul`,{class:`replays`,children:n.map(e=>r(B,{replay:e,done:t},e.id))})})}function B({replay:e,done:t}){let{id:n,status:i,reason:a,createdAt:o,counts:s,skips:c,canaryRun:l}=e,u=D(R,{id:n}),d=i===`CANARY`||i===`RUNNING`,f=s.succeeded+s.failed+s.skipped;return r(`li`,{children:[r(O,{status:i}),r(`div`,{class:`text`,children:[r(`progress`,{value:f,max:Math.max(s.selected,1),"aria-label":`Runs that have ended`}),r(`p`,{class:`facts`,children:[r(`span`,{children:[g(f),` of `,g(s.selected)]}),r(`span`,{class:`good-text`,children:[g(s.succeeded),` succeeded`]}),s.failed>0&&r(`span`,{class:`bad-text`,children:[g(s.failed),` failed again`]}),c.map(e=>r(`span`,{title:e.reasonText,children:[g(e.count),` skipped`]},e.reason)),l&&r(m,{href:`/runs/${l.id}`,children:`first run`}),r(`span`,{children:r(x,{at:o})})]}),a&&r(`p`,{class:`faint`,children:a}),r(`p`,{class:`problem`,role:`alert`,children:u.problem})]}),d&&r(`button`,{type:`button`,disabled:u.isBusy,onClick:()=>void u.run().then(t),children:`Stop`})]})}var V=30,H=S(`
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
  `,[l]);function U(){let[n,a]=o(),[s,l]=e(null),u=W(n),{data:f,error:m,reread:g}=h(H,{filter:u,first:V,after:s},{concerns:v}),y=f?.deadLetters,x=e=>{l(null),a({error:e?.errorKind??null,host:e?.host??null})},S=Object.keys(u).length>0;return r(b,{title:`Dead letters`,actions:y&&y.totalCount>0&&r(t,{children:[r(A,{filter:u,count:y.totalCount,done:g}),r(N,{filter:u,done:g})]}),children:[r(`p`,{class:`faint`,children:`Runs that have failed for good. Repair the cause, then replay them: one first, and the others at a rate that the host can take.`}),m&&!f&&r(p,{message:m,retry:g}),!m&&!f&&r(i,{count:8}),r(z,{}),f&&f.deadLetterCauses.length>0&&r(_,{title:`By cause`,aside:S&&r(`button`,{type:`button`,class:`link`,onClick:()=>x(null),children:`Show all`}),children:r(G,{causes:f.deadLetterCauses,filters:n,choose:x})}),y&&y.nodes.length>0&&r(_,{title:S?`Runs with this cause`:`Runs`,children:[r(d,{runs:y.nodes,named:!0}),r(C,{shown:y.nodes.length,total:{count:y.totalCount,isExact:y.totalCountIsExact},pageInfo:y.pageInfo,isFirst:s===null,go:l})]}),y?.nodes.length===0&&r(c,{title:S?`No run matches`:`No run has failed for good`})]})}function W(e){let t=e.get(`error`),n=e.get(`host`);return{...t&&{errorKind:t},...n&&{host:n}}}function G({causes:e,filters:t,choose:n}){let i=Math.max(...e.map(({count:e})=>e)),a=({errorKind:e,host:n})=>t.get(`error`)===e&&t.get(`host`)===n;return r(`div`,{class:`table-frame`,children:r(`table`,{class:`causes`,children:[r(`thead`,{children:r(`tr`,{children:[r(`th`,{children:`Error`}),r(`th`,{children:`Host`}),r(`th`,{class:`number`,children:`Runs`}),r(`th`,{class:`wide`,"aria-hidden":`true`}),r(`th`,{children:`Latest`})]})}),r(`tbody`,{children:e.map(e=>r(`tr`,{class:a(e)?`chosen`:void 0,children:[r(`td`,{class:`nowrap`,children:r(`button`,{type:`button`,class:`link`,"aria-pressed":a(e),onClick:()=>n(a(e)?null:e),children:K(e.errorKind)})}),r(`td`,{children:e.host??r(`span`,{class:`faint`,children:`–`})}),r(`td`,{class:`number`,children:g(e.count)}),r(`td`,{class:`wide`,children:r(`meter`,{min:0,max:i,value:e.count,"aria-hidden":`true`})}),r(`td`,{class:`nowrap`,children:r(x,{at:e.newest})})]},`${e.errorKind} ${e.host}`))})]})})}function K(e){if(e===null)return`Lost`;let t=e.toLowerCase().replaceAll(`_`,` `).replace(/\b(dns|tls|http|url)\b/g,e=>e.toUpperCase());return t.charAt(0).toUpperCase()+t.slice(1)}export{U as DeadLettersPage};
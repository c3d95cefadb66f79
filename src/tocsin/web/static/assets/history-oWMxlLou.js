/*! Licenses of the bundled packages: /assets/licences.md */
import{$ as e,B as t,F as n,H as r,J as i,K as a,N as o,Q as s,V as c,i as l,l as u,q as d,r as f,v as p}from"./index-CfbBKCB3.js";import{n as m,r as h,t as g}from"./status-chips-B1PQQi-L.js";import{t as _}from"./pager-ClrqVP4e.js";import{t as v}from"./search-field-Dha0fChQ.js";import{n as y,t as b}from"./run-words-D7mRsRnR.js";import{f as x,t as S}from"./jsxRuntime.module-B9qDJXb7.js";function C(e){return`${e.map(w).join(`,`)}\r\n`}function w(e){if(e===null)return``;if(typeof e==`number`)return String(e);let t=T(e)?`'${e}`:e;return/[",\r\n]/.test(t)?`"${t.replaceAll(`"`,`""`)}"`:t}function T(e){return/^[\s\u0000]*[=+\-@\t\r|%\uff1d\uff0b\uff0d\uff20]/.test(e)}var E=i(`
    query Runs($filter: RunFilter, $first: Int!, $after: String) {
      runs(filter: $filter, first: $first, after: $after) {
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
  `,[f]),D=i(`
  query ExportedRuns($filter: RunFilter, $after: String) {
    runs(filter: $filter, first: 100, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        taskName
        status
        trigger
        dueAt
        startedAt
        finishedAt
        reasonText
        queue
        error {
          kind
          message
        }
        attempts {
          statusCode
        }
      }
    }
  }
`),O=[`FAILED`,`RETRY`,`RUNNING`,`QUEUED`,`WAITING`,`COMPLETED`,`SKIPPED`,`MISSED`,`CANCELLED`],k=Object.keys(b),A=Object.keys(y);function j(e){let t=e.get(`status`)?.split(`,`)??[];return O.filter(e=>t.includes(e))}function M(e){let t=j(e),n=A.find(t=>t===e.get(`trigger`)),r=k.find(t=>t===e.get(`error`)),[i,a]=[e.get(`task`),e.get(`name`)],[o,s]=[N(e.get(`from`)),N(e.get(`to`),1)];return{...t.length>0&&{status:t},...n&&{trigger:n},...r&&{errorKind:[r]},...i&&{taskId:i},...a&&{taskName:a},...(o||s)&&{dueAt:{from:o,to:s}}}}function N(e,t=0){let[n,r,i]=/^(\d{4})-(\d\d)-(\d\d)$/.exec(e??``)?.slice(1).map(Number)??[];if(n===void 0||r===void 0||i===void 0)return null;let a=new Date(n,r-1,i+t);return Number.isNaN(a.getTime())?null:a.toISOString()}var P=2e5,F=[[`task`,({taskName:e})=>e],[`status`,({status:e})=>e],[`trigger`,({trigger:e})=>e],[`due_at`,({dueAt:e})=>e],[`started_at`,({startedAt:e})=>e],[`finished_at`,({finishedAt:e})=>e],[`duration_ms`,({startedAt:e,finishedAt:t})=>e&&t?Date.parse(t)-Date.parse(e):null],[`attempts`,({attempts:e})=>e.length],[`status_code`,({attempts:e})=>e.at(-1)?.statusCode??null],[`error_kind`,({error:e})=>e?.kind??null],[`error`,({error:e})=>e?.message??null],[`reason`,({reasonText:e})=>e],[`queue`,({queue:e})=>e],[`run_id`,({id:e})=>e]],I=s(null);async function L(e,t){let r=[C(F.map(([e])=>e))],[i,a]=[0,!1],o=()=>void(I.value={rows:i,stop:()=>a=!0});o();try{for await(let n of R(e,t))if(r.push(n.map(e=>C(F.map(([,t])=>t(e)))).join(``)),i+=n.length,o(),a||i>=P)break;z(r);let s=i>=P?` That is the most in one file: choose a shorter period for the rest.`:``;u(`${n(i)} ${i===1?`run`:`runs`} exported${a?`, then stopped`:``}.${s}`)}catch(e){u(`The export failed after ${n(i)} runs: ${e instanceof Error?e.message:String(e)}`,{isProblem:!0})}finally{I.value=null}}async function*R(e,t){let n=null;for(;;){let{data:r,error:i}=await e.query(D,{filter:t,after:n},{requestPolicy:`network-only`}).toPromise();if(!r)throw Error(i?.graphQLErrors[0]?.message??`The server cannot be reached.`);if(yield r.runs.nodes,!r.runs.pageInfo.hasNextPage)return;n=r.runs.pageInfo.endCursor}}function z(e){let t=URL.createObjectURL(new Blob([`﻿`,...e],{type:`text/csv;charset=utf-8`})),n=document.createElement(`a`);n.href=t,n.download=`tocsin-runs-${new Date().toISOString().slice(0,10)}.csv`,n.click(),setTimeout(()=>URL.revokeObjectURL(t),6e4)}var B=i(`query TaskName($id: ID!) { task(id: $id) { name } }`);function V({filters:e,change:t}){let n=e.get(`task`),r=n=>({value:e.get(n)??``,onChange:e=>t({[n]:e.currentTarget.value})}),i=[...e.keys()].length>0;return S(`div`,{class:`history-filters`,children:[S(g,{statuses:O,chosen:j(e),change:e=>t({status:e.join(`,`)})}),S(`div`,{class:`row`,children:[S(`label`,{children:[S(`span`,{children:`From`}),S(`input`,{type:`date`,...r(`from`)})]}),S(`label`,{children:[S(`span`,{children:`To`}),S(`input`,{type:`date`,...r(`to`)})]}),S(`label`,{children:[S(`span`,{children:`Origin`}),S(`select`,{...r(`trigger`),children:[S(`option`,{value:``,children:`All`}),A.map(e=>S(`option`,{value:e,children:y[e]},e))]})]}),S(`label`,{children:[S(`span`,{children:`Error`}),S(`select`,{...r(`error`),children:[S(`option`,{value:``,children:`All`}),k.map(e=>S(`option`,{value:e,children:b[e]},e))]})]}),n&&S(H,{id:n,clear:()=>t({task:null})}),i&&S(`button`,{type:`button`,class:`quiet`,onClick:()=>t(Object.fromEntries([...e.keys()].map(e=>[e,null]))),children:`Clear all`})]})]})}function H({id:e,clear:t}){let{data:n}=d(B,{id:e},{concerns:()=>!1}),r=n?.task?.name??`one task`;return S(`button`,{type:`button`,class:`chosen-task`,"aria-label":`Runs of ${r}: show those of all tasks`,onClick:t,children:[r,` ✕`]})}var U=50;function W(){let[n,i]=e(),a=M(n),s=JSON.stringify(a),[u,f]=m(s),{data:p,error:g,reread:v}=d(E,{filter:a,first:U,after:u}),y=p?.runs,b=h(y,f,s);return S(o,{title:`History`,actions:S(K,{filter:a,name:n.get(`name`)??``,search:e=>i({name:e})}),children:[S(V,{filters:n,change:i}),g&&!y&&S(c,{message:g,retry:v}),!g&&(!y||b)&&S(r,{count:10}),y&&y.nodes.length>0&&S(x,{children:[S(l,{runs:y.nodes,named:!0}),S(_,{shown:y.nodes.length,total:{count:y.totalCount,isExact:y.totalCountIsExact},pageInfo:y.pageInfo,isFirst:u===null,go:f})]}),y?.nodes.length===0&&!b&&S(t,{title:G(Object.keys(a).length>0,y.pageInfo.hasNextPage),children:y.pageInfo.hasNextPage&&S(`button`,{type:`button`,onClick:()=>f(y.pageInfo.endCursor),children:`Search on in older runs`})})]})}function G(e,t){return e?t?`No run matches so far`:`No run matches`:`Nothing has run yet`}function K({filter:e,name:t,search:r}){let{client:i}=a(),o=I.value;return S(x,{children:[S(v,{value:t,label:`Search by name of the task`,change:r}),o===null?S(`button`,{type:`button`,onClick:()=>void L(i,e),children:[S(p,{}),`Export as CSV`]}):S(`button`,{type:`button`,onClick:o.stop,children:[`Stop the export at `,n(o.rows)]})]})}export{W as HistoryPage};
/*! Licenses of the bundled packages: /assets/licences.md */
import{E as e,N as t,_ as n,d as r,f as i,l as a,r as o,u as s,v as c}from"./time-Dta3RUlp.js";import{o as l,p as u,s as d,u as f}from"./index-CINajjmD.js";import{t as p}from"./pager-CjUhujqO.js";var m=50,h=[`FAILED`,`RETRY`,`RUNNING`,`QUEUED`,`COMPLETED`,`SKIPPED`,`MISSED`,`CANCELLED`],g=c(`
    query Runs($filter: RunFilter, $first: Int!, $after: String) {
      runs(filter: $filter, first: $first, after: $after) {
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...RunRow
        }
      }
    }
  `,[l]);function _(){let[c,l]=u(),[_,y]=e(null),{data:b,error:x,reread:S}=n(g,{filter:v(c),first:m,after:_}),C=e=>{y(null),l(e)},w=b?.runs;return i(o,{title:`History`,children:[i(`div`,{class:`chips`,role:`group`,"aria-label":`Status`,children:h.map(e=>{let t=c.get(`status`)===e;return i(`button`,{type:`button`,"aria-pressed":t,onClick:()=>C({status:t?null:e}),children:f(e).word},e)})}),x&&!w&&i(s,{message:x,retry:S}),!x&&!w&&i(r,{count:10}),w&&w.nodes.length>0&&i(t,{children:[i(d,{runs:w.nodes,named:!0}),i(p,{shown:w.nodes.length,pageInfo:w.pageInfo,isFirst:_===null,go:y})]}),w?.nodes.length===0&&i(a,{title:c.size>0?`No run matches`:`Nothing has run yet`})]})}function v(e){let t=h.find(t=>t===e.get(`status`));return t?{status:[t]}:{}}export{_ as HistoryPage};
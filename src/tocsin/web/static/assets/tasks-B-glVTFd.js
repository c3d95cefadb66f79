/*! Licenses of the bundled packages: /assets/licences.md */
import{D as e,E as t,N as n,_ as r,d as i,f as a,l as o,r as s,u as c,v as l,w as u}from"./time-Dta3RUlp.js";import{a as d,i as f,p,u as m}from"./index-CINajjmD.js";import{t as h}from"./pager-CjUhujqO.js";var g=50,_=[`FAILED`,`RETRY`,`RUNNING`,`PENDING`,`COMPLETED`,`PAUSED`,`CANCELLED`],v=l(`
    query Tasks($filter: TaskFilter, $first: Int!, $after: String) {
      tasks(filter: $filter, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...TaskRow
        }
      }
    }
  `,[f]);function y(){let[e,l]=p(),[u,f]=t(null),y=b(e),{data:x,error:C,reread:w}=r(v,{filter:y,first:g,after:u}),T=e=>{f(null),l(e)},E=x?.tasks;return a(s,{title:`Tasks`,actions:a(S,{value:e.get(`name`)??``,change:e=>T({name:e})}),children:[a(`div`,{class:`chips`,role:`group`,"aria-label":`Status`,children:_.map(t=>{let n=e.get(`status`)===t;return a(`button`,{type:`button`,"aria-pressed":n,onClick:()=>T({status:n?null:t}),children:m(t).word},t)})}),C&&!E&&a(c,{message:C,retry:w}),!C&&!E&&a(i,{count:10}),E&&E.nodes.length>0&&a(n,{children:[a(d,{tasks:E.nodes}),a(h,{shown:E.nodes.length,total:{count:E.totalCount,isExact:E.totalCountIsExact},pageInfo:E.pageInfo,isFirst:u===null,go:f})]}),E?.nodes.length===0&&a(o,{title:e.size>0?`No task matches`:`There are no tasks yet`})]})}function b(e){let t=_.find(t=>t===e.get(`status`)),n=e.get(`name`);return{...t&&{status:[t]},...n&&{name:n}}}var x=250;function S({value:t,change:n}){let r=u(null),i=u();return e(()=>{let e=e=>{e.key!==`/`||e.target instanceof HTMLInputElement||(e.preventDefault(),r.current?.focus())};return addEventListener(`keydown`,e),()=>removeEventListener(`keydown`,e)},[]),a(`input`,{ref:r,class:`search`,type:`search`,placeholder:`Search by name`,"aria-label":`Search tasks by name`,"aria-keyshortcuts":`/`,defaultValue:t,onInput:e=>{let t=e.currentTarget.value;clearTimeout(i.current),i.current=setTimeout(()=>n(t.trim()),x)}})}export{y as TasksPage};
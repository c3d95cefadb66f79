/*! Licenses of the bundled packages: /assets/licences.md */
import{E as e,N as t,_ as n,d as r,f as i,l as a,r as o,t as s,u as c,v as l}from"./time-Dta3RUlp.js";import{m as u,p as d}from"./index-CINajjmD.js";import{t as f}from"./actions-CSQUApiW.js";import{t as p}from"./pager-CjUhujqO.js";var m=30,h=l(`
  fragment NotificationItem on Notification {
    id
    kind
    subject
    text
    at
    cursor
    acknowledgedAt
    task {
      id
      name
    }
    run {
      id
    }
  }
`),g=l(`
    query Notifications($unacknowledgedOnly: Boolean!, $first: Int!, $after: String) {
      notifications(unacknowledgedOnly: $unacknowledgedOnly, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...NotificationItem
        }
      }
    }
  `,[h]),_=l(`
  mutation Acknowledge($ids: [ID!]!) {
    acknowledgeNotifications(input: { ids: $ids }) {
      userErrors {
        message
      }
    }
  }
`);function v(){let[s,l]=d(),[u,f]=e(null),h=s.get(`show`)!==`all`,{data:_,error:v,reread:x}=n(g,{unacknowledgedOnly:h,first:m,after:u},{concerns:({of:e})=>e===`notification`}),S=_?.notifications,C=S?.nodes??[],w=C.filter(({acknowledgedAt:e})=>e===null),T=e=>{f(null),l({show:e})};return i(o,{title:`Notifications`,actions:w.length>0&&i(b,{notifications:w,label:`Acknowledge these`,done:x}),children:[i(`div`,{class:`chips`,role:`group`,"aria-label":`Which`,children:[i(`button`,{type:`button`,"aria-pressed":h,onClick:()=>T(null),children:`Not acknowledged`}),i(`button`,{type:`button`,"aria-pressed":!h,onClick:()=>T(`all`),children:`All`})]}),v&&!S&&i(c,{message:v,retry:x}),!v&&!S&&i(r,{count:6}),S&&C.length>0&&i(t,{children:[i(`ul`,{class:`notifications`,children:C.map(e=>i(y,{notification:e,done:x},e.id))}),i(p,{shown:C.length,total:{count:S.totalCount,isExact:S.totalCountIsExact},pageInfo:S.pageInfo,isFirst:u===null,go:f})]}),S&&C.length===0&&i(a,{title:h?`Nothing is waiting for you`:`There are no notifications`})]})}function y({notification:e,done:t}){let{subject:n,text:r,at:a,acknowledgedAt:o,task:c,run:l}=e,[d,...f]=r.split(`
`);return i(`li`,{class:o===null?`open`:void 0,children:[i(`div`,{class:`text`,children:[i(`h2`,{children:n}),i(`p`,{class:`faint`,children:d}),f.length>0&&i(`details`,{children:[i(`summary`,{children:`Details`}),i(`p`,{children:f.join(`
`)})]}),i(`p`,{class:`links`,children:[i(`span`,{class:`faint`,children:i(s,{at:a})}),l&&i(u,{href:`/runs/${l.id}`,children:`Run`}),c&&i(u,{href:`/tasks/${c.id}`,children:c.name})]})]}),o===null?i(b,{notifications:[e],label:`Acknowledge`,done:t}):i(`span`,{class:`faint`,children:[`acknowledged `,i(s,{at:o})]})]})}function b({notifications:e,label:n,done:r}){let{run:a,isBusy:o,problem:s}=f(_,{ids:e.map(({id:e})=>e)});return i(t,{children:[i(`span`,{class:`problem`,role:`alert`,children:s}),i(`button`,{type:`button`,disabled:o,onClick:()=>void a().then(r),children:n})]})}export{v as NotificationsPage};
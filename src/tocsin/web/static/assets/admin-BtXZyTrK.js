/*! Licenses of the bundled packages: /assets/licences.md */
import{$ as e,B as t,G as n,R as r,q as i,t as a,z as o}from"./index-BkUuYp-e.js";import{E as s,_ as c,a as l,i as u,r as d,s as f,t as p,v as m}from"./time-C_g6slTD.js";import{i as h,n as g}from"./account-profile-CWiwoJyi.js";/* empty css              */import{o as _,p as v,s as y,t as b}from"./jsxRuntime.module-CnYUX-XB.js";import{t as x}from"./pager-Kpp6_TC_.js";import{t as S}from"./search-field-1miFSrDU.js";import{a as C,n as w,t as T}from"./form-yJeqj3sf.js";import{t as E}from"./browsers-DOjV3yb6.js";var D=5e3,ee=m(`
  query System {
    system {
      version
      pythonVersion
      startedAt
      concurrency
      components {
        name
        isHealthy
        note
      }
      database {
        isEmbedded
        version
        freeDiskMegabytes
      }
      processes {
        name
        isCurrent
        isAlive
        leaseEndsAt
      }
    }
    queues {
      name
      paused
      depth
      running
      throughputPerMinute
    }
  }
`);function O(){let{data:e,error:n,reread:r}=c(ee,{},{concerns:g});if(y(()=>{let e=setInterval(()=>document.hidden||r(),D);return()=>clearInterval(e)},[]),n&&!e)return b(o,{message:n,retry:r});if(!e)return b(t,{count:8});let{system:i,queues:a}=e;return b(v,{children:[n&&b(`p`,{class:`notice bad`,children:n}),b(k,{components:i.components}),b(u,{title:`Work`,aside:b(s,{href:`/queues`,children:`All queues`}),children:b(j,{queues:a})}),b(u,{title:`Processes`,children:b(M,{processes:i.processes})}),b(u,{title:`Versions`,children:b(N,{system:i})})]})}function k({components:e}){return b(`ul`,{class:`components`,children:e.map(({name:e,isHealthy:t,note:n})=>b(`li`,{children:[b(A,{isHealthy:t,hasNote:n!==null}),b(`span`,{class:`name`,children:e.charAt(0).toUpperCase()+e.slice(1)}),b(`span`,{class:`faint`,children:n??(t?`works`:`does not work`)})]},e))})}function A({isHealthy:e,hasNote:t=!1}){return b(`svg`,{class:`shape ${e?t?`warn`:`good`:`bad`}`,viewBox:`0 0 16 16`,width:`16`,height:`16`,"aria-hidden":`true`,children:[b(`circle`,{class:`ground`,cx:`8`,cy:`8`,r:`7`}),b(`path`,{class:`cut`,d:e?t?`M8 4.5v4.25M8 11v.25`:`m4.75 8.25 2.25 2.25 4.25-4.75`:`m5.5 5.5 5 5m0-5-5 5`})]})}function j({queues:e}){let t=t=>l(e.reduce((e,n)=>e+t(n),0));return b(`dl`,{class:`figures`,children:[b(`div`,{children:[b(`dt`,{children:`Running`}),b(`dd`,{children:t(({running:e})=>e)})]}),b(`div`,{children:[b(`dt`,{children:`Queued`}),b(`dd`,{children:t(({depth:e})=>e)})]}),b(`div`,{children:[b(`dt`,{children:`Attempts in the last minute`}),b(`dd`,{children:t(({throughputPerMinute:e})=>e)})]}),b(`div`,{children:[b(`dt`,{children:`Paused queues`}),b(`dd`,{children:t(({paused:e})=>+!!e)})]})]})}function M({processes:e}){return b(`div`,{class:`table-frame`,children:b(`table`,{children:[b(`thead`,{children:b(`tr`,{children:[b(`th`,{children:`Process`}),b(`th`,{children:`State`}),b(`th`,{children:`Lease ends`})]})}),b(`tbody`,{children:e.map(({name:e,isCurrent:t,isAlive:n,leaseEndsAt:r})=>b(`tr`,{children:[b(`td`,{class:`name`,children:[e,` `,t&&b(`span`,{class:`tag`,children:`answers you`})]}),b(`td`,{class:`nowrap`,children:[b(A,{isHealthy:n}),` `,n?`alive`:`gone`]}),b(`td`,{class:`nowrap`,children:b(p,{at:r})})]},e))})]})})}function N({system:e}){let{version:t,pythonVersion:n,startedAt:r,concurrency:i,database:a}=e;return b(`dl`,{class:`settings`,children:[b(`div`,{children:[b(`dt`,{children:`Tocsin`}),b(`dd`,{children:t})]}),b(`div`,{children:[b(`dt`,{children:`Python`}),b(`dd`,{children:n})]}),b(`div`,{children:[b(`dt`,{children:`Database`}),b(`dd`,{children:[a.isEmbedded?`embedded`:`MongoDB server`,a.version&&`, ${a.version}`]})]}),b(`div`,{children:[b(`dt`,{children:`Free disk space`}),b(`dd`,{children:a.freeDiskMegabytes===null?`unknown`:`${l(a.freeDiskMegabytes)} MB`})]}),b(`div`,{children:[b(`dt`,{children:`Running since`}),b(`dd`,{children:b(p,{at:r})})]}),b(`div`,{children:[b(`dt`,{children:`Attempts at once, per process`}),b(`dd`,{children:l(i)})]})]})}var P=m(`
  mutation InviteUser($email: String!, $isAdmin: Boolean!) {
    inviteUser(input: { email: $email, isAdmin: $isAdmin }) {
      invitation {
        email
      }
      userErrors {
        field
        message
      }
    }
  }
`);function F({close:e}){let[t,r]=_(``),[i,o]=_(!1),{send:s,isBusy:c,problems:l}=C(P);return b(a,{title:`Invite a user`,close:e,children:b(w,{problems:l,submit:async()=>{let r=await s({email:t,isAdmin:i});r&&(n(`An invitation is on its way to ${r.inviteUser.invitation?.email??t}.`),e())},children:[b(T,{name:`email`,label:`Email address`,hint:`The link in the mail works for seven days.`,children:e=>b(`input`,{...e,type:`email`,required:!0,autofocus:!0,value:t,onInput:e=>r(e.currentTarget.value)})}),b(`label`,{class:`check`,children:[b(`input`,{type:`checkbox`,checked:i,onChange:e=>o(e.currentTarget.checked)}),`as an administrator`]}),b(`div`,{class:`buttons`,children:[b(`button`,{class:`main`,disabled:c,children:`Send invitation`}),b(`button`,{type:`button`,onClick:e,children:`Cancel`})]})]})})}var I=50,L=m(`
  fragment UserRow on User {
    id
    email
    isAdmin
    isActive
    emailConfirmed
    emailConfirmationRequired
    createdAt
  }
`),R=m(`
    query Users($filter: UserFilter, $first: Int!, $after: String) {
      users(filter: $filter, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...UserRow
        }
      }
    }
  `,[L]),z=[{show:null,name:`All`},{show:`admins`,name:`Administrators`},{show:`inactive`,name:`Deactivated`}];function B(){let[n,i]=e(),[a,s]=_(null),[l,u]=_(!1),{data:d,error:f,reread:p}=c(R,{filter:V(n),first:I,after:a},{concerns:g}),m=e=>{s(null),i(e)},h=d?.users;return b(v,{children:[b(`div`,{class:`toolbar`,children:[b(`div`,{class:`chips`,role:`group`,"aria-label":`Which`,children:z.map(({show:e,name:t})=>b(`button`,{type:`button`,"aria-pressed":n.get(`show`)===e,onClick:()=>m({show:e}),children:t},t))}),b(S,{label:`Search users by address`,value:n.get(`email`)??``,change:e=>m({email:e})}),b(`button`,{type:`button`,class:`main`,onClick:()=>u(!0),children:`Invite a user`})]}),l&&b(F,{close:()=>u(!1)}),f&&!h&&b(o,{message:f,retry:p}),!f&&!h&&b(t,{count:8}),h&&h.nodes.length>0&&b(v,{children:[b(H,{users:h.nodes}),b(x,{shown:h.nodes.length,total:{count:h.totalCount,isExact:h.totalCountIsExact},pageInfo:h.pageInfo,isFirst:a===null,go:s})]}),h?.nodes.length===0&&b(r,{title:`No user matches`})]})}function V(e){let t=e.get(`email`),n=e.get(`show`);return{...t&&{email:t},...n===`admins`&&{isAdmin:!0},...n===`inactive`&&{isActive:!1}}}function H({users:e}){return b(`div`,{class:`table-frame`,children:b(`table`,{children:[b(`thead`,{children:b(`tr`,{children:[b(`th`,{children:`Email address`}),b(`th`,{class:`spare`,children:`Role`}),b(`th`,{children:`State`}),b(`th`,{class:`spare`,children:`Account since`})]})}),b(`tbody`,{children:e.map(e=>b(`tr`,{children:[b(`td`,{class:`name`,children:[b(s,{href:`/admin/users/${e.id}`,class:`row-link`,children:e.email}),e.isAdmin&&b(`p`,{class:`only-narrow faint small`,children:`Administrator`})]}),b(`td`,{class:e.isAdmin?`spare`:`spare faint`,children:e.isAdmin?`Administrator`:`User`}),b(`td`,{children:b(U,{user:e})}),b(`td`,{class:`nowrap spare`,children:b(p,{at:e.createdAt})})]},e.id))})]})})}function U({user:e}){return e.isActive?e.emailConfirmed||!e.emailConfirmationRequired?b(`span`,{children:`Active`}):b(`span`,{class:`faint`,children:`Active, unconfirmed`}):b(`span`,{class:`bad-text`,children:`Deactivated`})}var W=[{name:`Sessions`,actions:[`LOGGED_IN`,`LOG_IN_FAILED`,`LOGGED_OUT`,`SESSION_REVOKED`,`REFRESH_TOKEN_REUSED`]},{name:`Accounts`,actions:[`SIGNED_UP`,`EMAIL_CONFIRMATION_REQUESTED`,`EMAIL_CONFIRMED`,`PASSWORD_CHANGED`,`PASSWORD_RESET_REQUESTED`,`PASSWORD_RESET`,`API_TOKEN_CREATED`,`API_TOKEN_REVOKED`,`SECRET_SET`,`SECRET_DELETED`,`PUBLIC_LINK_CREATED`,`PUBLIC_LINK_ROTATED`,`PUBLIC_LINK_REVOKED`]},{name:`Administration`,actions:[`USER_CREATED`,`USER_INVITED`,`INVITATION_ACCEPTED`,`USER_PROMOTED`,`USER_DEMOTED`,`USER_DEACTIVATED`,`USER_ACTIVATED`,`QUOTA_CHANGED`,`QUEUE_CHANGED`,`KEYS_ROTATED`]},{name:`Notifications`,actions:[`CHANNEL_CREATED`,`CHANNEL_CHANGED`,`CHANNEL_KEY_ROTATED`,`CHANNEL_DELETED`,`MAIL_ADDRESS_REQUESTED`,`MAIL_ADDRESS_CONFIRMED`,`MAIL_ADDRESS_REMOVED`,`MAILS_TURNED_OFF`,`MAILS_TURNED_ON`]}],G=50,K=m(`
  query AuditLog($filter: AuditFilter, $first: Int!, $after: String) {
    auditLog(filter: $filter, first: $first, after: $after) {
      totalCount
      totalCountIsExact
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        at
        action
        actor
        email
        detail
        address
        userAgent
      }
    }
  }
`);function q(){let[n,i]=e(),[a,s]=_(null),{data:l,error:u,reread:d}=c(K,{filter:Y(n),first:G,after:a},{concerns:g}),f=e=>{s(null),i(e)},p=l?.auditLog;return b(v,{children:[b(J,{filters:n,change:f}),u&&!p&&b(o,{message:u,retry:d}),!u&&!p&&b(t,{count:10}),p&&p.nodes.length>0&&b(v,{children:[b(Z,{entries:p.nodes}),b(x,{shown:p.nodes.length,total:{count:p.totalCount,isExact:p.totalCountIsExact},pageInfo:p.pageInfo,isFirst:a===null,go:s})]}),p?.nodes.length===0&&b(r,{title:n.size>0?`No entry matches`:`The audit log is empty`})]})}function J({filters:e,change:t}){return b(`div`,{class:`toolbar`,children:[b(`label`,{class:`inline`,children:[`Action`,b(`select`,{value:e.get(`action`)??``,onChange:e=>t({action:e.currentTarget.value||null}),children:[b(`option`,{value:``,children:`Any`}),W.map(({name:e,actions:t})=>b(`optgroup`,{label:e,children:t.map(e=>b(`option`,{value:e,children:f(e)},e))},e))]})]}),[`from`,`to`].map(n=>b(`label`,{class:`inline`,children:[f(n),b(`input`,{type:`date`,value:e.get(n)??``,onChange:e=>t({[n]:e.currentTarget.value||null})})]},n)),b(S,{label:`Address of the account`,value:e.get(`email`)??``,change:e=>t({email:e||null})},e.get(`email`)?`set`:`unset`)]})}function Y(e){let t=W.flatMap(({actions:e})=>e).find(t=>t===e.get(`action`)),n=e.get(`email`),r=X(e.get(`from`)),i=X(e.get(`to`));i?.setDate(i.getDate()+1);let a={...r&&{from:r.toISOString()},...i&&{to:i.toISOString()}};return{...t&&{action:[t]},...n&&{email:n},...(r??i)&&{at:a}}}function X(e){let t=e?new Date(`${e}T00:00:00`):void 0;return t&&!Number.isNaN(t.getTime())?t:void 0}function Z({entries:e}){return b(`div`,{class:`table-frame`,children:b(`table`,{children:[b(`thead`,{children:b(`tr`,{children:[b(`th`,{children:`Time`}),b(`th`,{children:`Action`}),b(`th`,{class:`spare`,children:`Account`}),b(`th`,{class:`spare`,children:`By`}),b(`th`,{class:`spare`,children:`From`})]})}),b(`tbody`,{children:e.map(({id:e,at:t,action:n,actor:r,email:i,detail:a,address:o,userAgent:s})=>b(`tr`,{children:[b(`td`,{class:`nowrap`,children:b(p,{at:t,as:`moment`})}),b(`td`,{class:`action`,children:[b(`span`,{class:n===`LOG_IN_FAILED`||n===`REFRESH_TOKEN_REUSED`?`bad-text`:``,children:f(n)}),b(`p`,{class:`only-narrow small`,children:i}),a&&b(`p`,{class:`faint small`,children:a})]}),b(`td`,{class:`spare breakable`,children:i||b(`span`,{class:`faint`,children:`–`})}),b(`td`,{class:`spare faint breakable`,children:r===i?`themselves`:r||`unknown`}),b(`td`,{class:`spare faint nowrap`,title:s,children:[o,s&&b(`span`,{class:`client`,children:[` `,E(s)]})]})]},e))})]})})}var Q=[{part:``,name:`Users`,show:()=>b(B,{})},{part:`audit-log`,name:`Audit log`,show:()=>b(q,{})},{part:`system`,name:`System`,show:()=>b(O,{})}];function te({part:e}){return i.value?.isAdmin?b(h,{title:`Administration`,label:`Parts of the administration`,path:`/admin`,parts:Q,part:e}):b($,{})}function $(){return b(d,{title:`Administration`,children:b(r,{title:`This is for administrators`,children:[b(`p`,{children:[`You are signed in as `,i.value?.email,`, who does not administer this installation.`]}),b(`p`,{children:"An administrator can change that, or the operator with `tocsin users promote`."})]})})}export{te as AdminPage,$ as Forbidden,U as n,L as t};
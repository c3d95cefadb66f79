/*! Licenses of the bundled packages: /assets/licences.md */
import{$ as e,B as t,F as n,H as r,J as i,L as a,N as o,O as s,P as c,V as l,X as u,l as d,nt as f,q as p,t as m}from"./index-CfbBKCB3.js";import{i as h,n as g}from"./account-profile-e_ZW1w0L.js";/* empty css              */import{a as _,f as v,o as y,t as b}from"./jsxRuntime.module-B9qDJXb7.js";import{t as x}from"./pager-ClrqVP4e.js";import{t as S}from"./search-field-Dha0fChQ.js";import{i as C,n as w,t as T}from"./form-DSuI08_u.js";import{t as E}from"./browsers-DOjV3yb6.js";var D=5e3,ee=i(`
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
`);function O(){let{data:e,error:t,reread:n}=p(ee,{},{concerns:g});if(y(()=>{let e=setInterval(()=>document.hidden||n(),D);return()=>clearInterval(e)},[]),t&&!e)return b(l,{message:t,retry:n});if(!e)return b(r,{count:8});let{system:i,queues:a}=e;return b(v,{children:[t&&b(`p`,{class:`notice bad`,children:t}),b(k,{components:i.components}),b(c,{title:`Work`,aside:b(f,{href:`/queues`,children:`All queues`}),children:b(j,{queues:a})}),b(c,{title:`Processes`,children:b(M,{processes:i.processes})}),b(c,{title:`Versions`,children:b(N,{system:i})})]})}function k({components:e}){return b(`ul`,{class:`components`,children:e.map(({name:e,isHealthy:t,note:n})=>b(`li`,{children:[b(A,{isHealthy:t,hasNote:n!==null}),b(`span`,{class:`name`,children:e.charAt(0).toUpperCase()+e.slice(1)}),b(`span`,{class:`faint`,children:n??(t?`works`:`does not work`)})]},e))})}function A({isHealthy:e,hasNote:t=!1}){return b(`svg`,{class:`shape ${e?t?`warn`:`good`:`bad`}`,viewBox:`0 0 16 16`,width:`16`,height:`16`,"aria-hidden":`true`,children:[b(`circle`,{class:`ground`,cx:`8`,cy:`8`,r:`7`}),b(`path`,{class:`cut`,d:e?t?`M8 4.5v4.25M8 11v.25`:`m4.75 8.25 2.25 2.25 4.25-4.75`:`m5.5 5.5 5 5m0-5-5 5`})]})}function j({queues:e}){let t=t=>n(e.reduce((e,n)=>e+t(n),0));return b(`dl`,{class:`figures`,children:[b(`div`,{children:[b(`dt`,{children:`Running`}),b(`dd`,{children:t(({running:e})=>e)})]}),b(`div`,{children:[b(`dt`,{children:`Queued`}),b(`dd`,{children:t(({depth:e})=>e)})]}),b(`div`,{children:[b(`dt`,{children:`Attempts in the last minute`}),b(`dd`,{children:t(({throughputPerMinute:e})=>e)})]}),b(`div`,{children:[b(`dt`,{children:`Paused queues`}),b(`dd`,{children:t(({paused:e})=>+!!e)})]})]})}function M({processes:e}){return b(`div`,{class:`table-frame`,children:b(`table`,{children:[b(`thead`,{children:b(`tr`,{children:[b(`th`,{children:`Process`}),b(`th`,{children:`State`}),b(`th`,{children:`Lease ends`})]})}),b(`tbody`,{children:e.map(({name:e,isCurrent:t,isAlive:n,leaseEndsAt:r})=>b(`tr`,{children:[b(`td`,{class:`name`,children:[e,` `,t&&b(`span`,{class:`tag`,children:`answers you`})]}),b(`td`,{class:`nowrap`,children:[b(A,{isHealthy:n}),` `,n?`alive`:`gone`]}),b(`td`,{class:`nowrap`,children:b(s,{at:r})})]},e))})]})})}function N({system:e}){let{version:t,pythonVersion:r,startedAt:i,concurrency:a,database:o}=e;return b(`dl`,{class:`settings`,children:[b(`div`,{children:[b(`dt`,{children:`Tocsin`}),b(`dd`,{children:t})]}),b(`div`,{children:[b(`dt`,{children:`Python`}),b(`dd`,{children:r})]}),b(`div`,{children:[b(`dt`,{children:`Database`}),b(`dd`,{children:[o.isEmbedded?`embedded`:`MongoDB server`,o.version&&`, ${o.version}`]})]}),b(`div`,{children:[b(`dt`,{children:`Free disk space`}),b(`dd`,{children:o.freeDiskMegabytes===null?`unknown`:`${n(o.freeDiskMegabytes)} MB`})]}),b(`div`,{children:[b(`dt`,{children:`Running since`}),b(`dd`,{children:b(s,{at:i})})]}),b(`div`,{children:[b(`dt`,{children:`Attempts at once, per process`}),b(`dd`,{children:n(a)})]})]})}var P=i(`
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
`);function F({close:e}){let[t,n]=_(``),[r,i]=_(!1),{send:a,isBusy:o,problems:s}=C(P);return b(m,{title:`Invite a user`,close:e,children:b(w,{problems:s,submit:async()=>{let n=await a({email:t,isAdmin:r});n&&(d(`An invitation is on its way to ${n.inviteUser.invitation?.email??t}.`),e())},children:[b(T,{name:`email`,label:`Email address`,hint:`The link in the mail works for seven days.`,children:e=>b(`input`,{...e,type:`email`,required:!0,autofocus:!0,value:t,onInput:e=>n(e.currentTarget.value)})}),b(`label`,{class:`check`,children:[b(`input`,{type:`checkbox`,checked:r,onChange:e=>i(e.currentTarget.checked)}),`as an administrator`]}),b(`div`,{class:`buttons`,children:[b(`button`,{class:`main`,disabled:o,children:`Send invitation`}),b(`button`,{type:`button`,onClick:e,children:`Cancel`})]})]})})}var I=50,L=i(`
  fragment UserRow on User {
    id
    email
    isAdmin
    isActive
    emailConfirmed
    emailConfirmationRequired
    createdAt
  }
`),R=i(`
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
  `,[L]),z=[{show:null,name:`All`},{show:`admins`,name:`Administrators`},{show:`inactive`,name:`Deactivated`}];function B(){let[n,i]=e(),[a,o]=_(null),[s,c]=_(!1),{data:u,error:d,reread:f}=p(R,{filter:V(n),first:I,after:a},{concerns:g}),m=e=>{o(null),i(e)},h=u?.users;return b(v,{children:[b(`div`,{class:`toolbar`,children:[b(`div`,{class:`chips`,role:`group`,"aria-label":`Which`,children:z.map(({show:e,name:t})=>b(`button`,{type:`button`,"aria-pressed":n.get(`show`)===e,onClick:()=>m({show:e}),children:t},t))}),b(S,{label:`Search users by address`,value:n.get(`email`)??``,change:e=>m({email:e})}),b(`button`,{type:`button`,class:`main`,onClick:()=>c(!0),children:`Invite a user`})]}),s&&b(F,{close:()=>c(!1)}),d&&!h&&b(l,{message:d,retry:f}),!d&&!h&&b(r,{count:8}),h&&h.nodes.length>0&&b(v,{children:[b(H,{users:h.nodes}),b(x,{shown:h.nodes.length,total:{count:h.totalCount,isExact:h.totalCountIsExact},pageInfo:h.pageInfo,isFirst:a===null,go:o})]}),h?.nodes.length===0&&b(t,{title:`No user matches`})]})}function V(e){let t=e.get(`email`),n=e.get(`show`);return{...t&&{email:t},...n===`admins`&&{isAdmin:!0},...n===`inactive`&&{isActive:!1}}}function H({users:e}){return b(`div`,{class:`table-frame`,children:b(`table`,{children:[b(`thead`,{children:b(`tr`,{children:[b(`th`,{children:`Email address`}),b(`th`,{class:`spare`,children:`Role`}),b(`th`,{children:`State`}),b(`th`,{class:`spare`,children:`Account since`})]})}),b(`tbody`,{children:e.map(e=>b(`tr`,{children:[b(`td`,{class:`name`,children:[b(f,{href:`/admin/users/${e.id}`,class:`row-link`,children:e.email}),e.isAdmin&&b(`p`,{class:`only-narrow faint small`,children:`Administrator`})]}),b(`td`,{class:e.isAdmin?`spare`:`spare faint`,children:e.isAdmin?`Administrator`:`User`}),b(`td`,{children:b(U,{user:e})}),b(`td`,{class:`nowrap spare`,children:b(s,{at:e.createdAt})})]},e.id))})]})})}function U({user:e}){return e.isActive?e.emailConfirmed||!e.emailConfirmationRequired?b(`span`,{children:`Active`}):b(`span`,{class:`faint`,children:`Active, unconfirmed`}):b(`span`,{class:`bad-text`,children:`Deactivated`})}var W=[{name:`Sessions`,actions:[`LOGGED_IN`,`LOG_IN_FAILED`,`LOGGED_OUT`,`SESSION_REVOKED`,`REFRESH_TOKEN_REUSED`]},{name:`Accounts`,actions:[`SIGNED_UP`,`EMAIL_CONFIRMATION_REQUESTED`,`EMAIL_CONFIRMED`,`PASSWORD_CHANGED`,`PASSWORD_RESET_REQUESTED`,`PASSWORD_RESET`,`API_TOKEN_CREATED`,`API_TOKEN_REVOKED`]},{name:`Administration`,actions:[`USER_CREATED`,`USER_INVITED`,`INVITATION_ACCEPTED`,`USER_PROMOTED`,`USER_DEMOTED`,`USER_DEACTIVATED`,`USER_ACTIVATED`,`QUOTA_CHANGED`,`QUEUE_CHANGED`,`KEYS_ROTATED`]},{name:`Notifications`,actions:[`CHANNEL_CREATED`,`CHANNEL_CHANGED`,`CHANNEL_KEY_ROTATED`,`CHANNEL_DELETED`,`MAIL_ADDRESS_REQUESTED`,`MAIL_ADDRESS_CONFIRMED`,`MAIL_ADDRESS_REMOVED`,`MAILS_TURNED_OFF`,`MAILS_TURNED_ON`]}],G=50,K=i(`
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
`);function q(){let[n,i]=e(),[a,o]=_(null),{data:s,error:c,reread:u}=p(K,{filter:Y(n),first:G,after:a},{concerns:g}),d=e=>{o(null),i(e)},f=s?.auditLog;return b(v,{children:[b(J,{filters:n,change:d}),c&&!f&&b(l,{message:c,retry:u}),!c&&!f&&b(r,{count:10}),f&&f.nodes.length>0&&b(v,{children:[b(Z,{entries:f.nodes}),b(x,{shown:f.nodes.length,total:{count:f.totalCount,isExact:f.totalCountIsExact},pageInfo:f.pageInfo,isFirst:a===null,go:o})]}),f?.nodes.length===0&&b(t,{title:n.size>0?`No entry matches`:`The audit log is empty`})]})}function J({filters:e,change:t}){return b(`div`,{class:`toolbar`,children:[b(`label`,{class:`inline`,children:[`Action`,b(`select`,{value:e.get(`action`)??``,onChange:e=>t({action:e.currentTarget.value||null}),children:[b(`option`,{value:``,children:`Any`}),W.map(({name:e,actions:t})=>b(`optgroup`,{label:e,children:t.map(e=>b(`option`,{value:e,children:a(e)},e))},e))]})]}),[`from`,`to`].map(n=>b(`label`,{class:`inline`,children:[a(n),b(`input`,{type:`date`,value:e.get(n)??``,onChange:e=>t({[n]:e.currentTarget.value||null})})]},n)),b(S,{label:`Address of the account`,value:e.get(`email`)??``,change:e=>t({email:e||null})},e.get(`email`)?`set`:`unset`)]})}function Y(e){let t=W.flatMap(({actions:e})=>e).find(t=>t===e.get(`action`)),n=e.get(`email`),r=X(e.get(`from`)),i=X(e.get(`to`));i?.setDate(i.getDate()+1);let a={...r&&{from:r.toISOString()},...i&&{to:i.toISOString()}};return{...t&&{action:[t]},...n&&{email:n},...(r??i)&&{at:a}}}function X(e){let t=e?new Date(`${e}T00:00:00`):void 0;return t&&!Number.isNaN(t.getTime())?t:void 0}function Z({entries:e}){return b(`div`,{class:`table-frame`,children:b(`table`,{children:[b(`thead`,{children:b(`tr`,{children:[b(`th`,{children:`Time`}),b(`th`,{children:`Action`}),b(`th`,{class:`spare`,children:`Account`}),b(`th`,{class:`spare`,children:`By`}),b(`th`,{class:`spare`,children:`From`})]})}),b(`tbody`,{children:e.map(({id:e,at:t,action:n,actor:r,email:i,detail:o,address:c,userAgent:l})=>b(`tr`,{children:[b(`td`,{class:`nowrap`,children:b(s,{at:t,as:`moment`})}),b(`td`,{class:`action`,children:[b(`span`,{class:n===`LOG_IN_FAILED`||n===`REFRESH_TOKEN_REUSED`?`bad-text`:``,children:a(n)}),b(`p`,{class:`only-narrow small`,children:i}),o&&b(`p`,{class:`faint small`,children:o})]}),b(`td`,{class:`spare breakable`,children:i||b(`span`,{class:`faint`,children:`–`})}),b(`td`,{class:`spare faint breakable`,children:r===i?`themselves`:r||`unknown`}),b(`td`,{class:`spare faint nowrap`,title:l,children:[c,l&&b(`span`,{class:`client`,children:[` `,E(l)]})]})]},e))})]})})}var Q=[{path:`/admin`,name:`Users`},{path:`/admin/audit-log`,name:`Audit log`},{path:`/admin/system`,name:`System`}],te={"":()=>b(B,{}),"audit-log":()=>b(q,{}),system:()=>b(O,{})};function ne({part:e=``}){if(!u.value?.isAdmin)return b($,{});let n=te[e]??(()=>b(t,{title:`There is no such page`}));return b(o,{title:`Administration`,children:[b(h,{label:`Parts of the administration`,tabs:Q}),n()]})}function $(){return b(o,{title:`Administration`,children:b(t,{title:`This is for administrators`,children:[b(`p`,{children:[`You are signed in as `,u.value?.email,`, who does not administer this installation.`]}),b(`p`,{children:"An administrator can change that, or the operator with `tocsin users promote`."})]})})}export{ne as AdminPage,$ as Forbidden,U as n,L as t};
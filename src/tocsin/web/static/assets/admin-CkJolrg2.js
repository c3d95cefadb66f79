/*! Licenses of the bundled packages: /assets/licences.md */
import{s as e}from"./client-CODAN19X.js";import{Z as t,_ as n,a as r,i,r as a,s as o,t as s,v as c}from"./time-CLl4T1nq.js";import{i as l,n as u}from"./account-profile-CJoWvMrh.js";import{B as d,G as f,J as p,R as m,t as h,z as g}from"./index-Bn3Tr9Za.js";/* empty css              */import{o as _,p as v,s as y,t as b}from"./jsxRuntime.module-CnYUX-XB.js";import{t as x}from"./pager-C-jgpCAO.js";import{t as S}from"./search-field-1miFSrDU.js";import{a as C,n as w,t as T}from"./form-Cz-rZUfQ.js";import{t as E}from"./browsers-DOjV3yb6.js";var D=5e3,ee=c(`
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
`);function O(){let{data:e,error:r,reread:a}=n(ee,{},{concerns:u});if(y(()=>{let e=setInterval(()=>document.hidden||a(),D);return()=>clearInterval(e)},[]),r&&!e)return b(g,{message:r,retry:a});if(!e)return b(d,{count:8});let{system:o,queues:s}=e;return b(v,{children:[r&&b(`p`,{class:`notice bad`,children:r}),b(k,{components:o.components}),b(i,{title:`Work`,aside:b(t,{href:`/queues`,children:`All queues`}),children:b(j,{queues:s})}),b(i,{title:`Processes`,children:b(M,{processes:o.processes})}),b(i,{title:`Versions`,children:b(N,{system:o})})]})}function k({components:e}){return b(`ul`,{class:`components`,children:e.map(({name:e,isHealthy:t,note:n})=>b(`li`,{children:[b(A,{isHealthy:t,hasNote:n!==null}),b(`span`,{class:`name`,children:e.charAt(0).toUpperCase()+e.slice(1)}),b(`span`,{class:`faint`,children:n??(t?`works`:`does not work`)})]},e))})}function A({isHealthy:e,hasNote:t=!1}){return b(`svg`,{class:`shape ${e?t?`warn`:`good`:`bad`}`,viewBox:`0 0 16 16`,width:`16`,height:`16`,"aria-hidden":`true`,children:[b(`circle`,{class:`ground`,cx:`8`,cy:`8`,r:`7`}),b(`path`,{class:`cut`,d:e?t?`M8 4.5v4.25M8 11v.25`:`m4.75 8.25 2.25 2.25 4.25-4.75`:`m5.5 5.5 5 5m0-5-5 5`})]})}function j({queues:e}){let t=t=>r(e.reduce((e,n)=>e+t(n),0));return b(`dl`,{class:`figures`,children:[b(`div`,{children:[b(`dt`,{children:`Running`}),b(`dd`,{children:t(({running:e})=>e)})]}),b(`div`,{children:[b(`dt`,{children:`Queued`}),b(`dd`,{children:t(({depth:e})=>e)})]}),b(`div`,{children:[b(`dt`,{children:`Attempts in the last minute`}),b(`dd`,{children:t(({throughputPerMinute:e})=>e)})]}),b(`div`,{children:[b(`dt`,{children:`Paused queues`}),b(`dd`,{children:t(({paused:e})=>+!!e)})]})]})}function M({processes:e}){return b(`div`,{class:`table-frame`,children:b(`table`,{children:[b(`thead`,{children:b(`tr`,{children:[b(`th`,{children:`Process`}),b(`th`,{children:`State`}),b(`th`,{children:`Lease ends`})]})}),b(`tbody`,{children:e.map(({name:e,isCurrent:t,isAlive:n,leaseEndsAt:r})=>b(`tr`,{children:[b(`td`,{class:`name`,children:[e,` `,t&&b(`span`,{class:`tag`,children:`answers you`})]}),b(`td`,{class:`nowrap`,children:[b(A,{isHealthy:n}),` `,n?`alive`:`gone`]}),b(`td`,{class:`nowrap`,children:b(s,{at:r})})]},e))})]})})}function N({system:e}){let{version:t,pythonVersion:n,startedAt:i,concurrency:a,database:o}=e;return b(`dl`,{class:`settings`,children:[b(`div`,{children:[b(`dt`,{children:`Tocsin`}),b(`dd`,{children:t})]}),b(`div`,{children:[b(`dt`,{children:`Python`}),b(`dd`,{children:n})]}),b(`div`,{children:[b(`dt`,{children:`Database`}),b(`dd`,{children:[o.isEmbedded?`embedded`:`MongoDB server`,o.version&&`, ${o.version}`]})]}),b(`div`,{children:[b(`dt`,{children:`Free disk space`}),b(`dd`,{children:o.freeDiskMegabytes===null?`unknown`:`${r(o.freeDiskMegabytes)} MB`})]}),b(`div`,{children:[b(`dt`,{children:`Running since`}),b(`dd`,{children:b(s,{at:i})})]}),b(`div`,{children:[b(`dt`,{children:`Attempts at once, per process`}),b(`dd`,{children:r(a)})]})]})}var P=c(`
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
`);function F({close:e}){let[t,n]=_(``),[r,i]=_(!1),{send:a,isBusy:o,problems:s}=C(P);return b(h,{title:`Invite a user`,close:e,children:b(w,{problems:s,submit:async()=>{let n=await a({email:t,isAdmin:r});n&&(f(`An invitation is on its way to ${n.inviteUser.invitation?.email??t}.`),e())},children:[b(T,{name:`email`,label:`Email address`,hint:`The link in the mail works for seven days.`,children:e=>b(`input`,{...e,type:`email`,required:!0,autofocus:!0,value:t,onInput:e=>n(e.currentTarget.value)})}),b(`label`,{class:`check`,children:[b(`input`,{type:`checkbox`,checked:r,onChange:e=>i(e.currentTarget.checked)}),`as an administrator`]}),b(`div`,{class:`buttons`,children:[b(`button`,{class:`main`,disabled:o,children:`Send invitation`}),b(`button`,{type:`button`,onClick:e,children:`Cancel`})]})]})})}var I=50,L=c(`
  fragment UserRow on User {
    id
    email
    isAdmin
    isActive
    emailConfirmed
    emailConfirmationRequired
    createdAt
  }
`),R=c(`
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
  `,[L]),z=[{show:null,name:`All`},{show:`admins`,name:`Administrators`},{show:`inactive`,name:`Deactivated`}];function B(){let[e,t]=p(),[r,i]=_(null),[a,o]=_(!1),{data:s,error:c,reread:l}=n(R,{filter:V(e),first:I,after:r},{concerns:u}),f=e=>{i(null),t(e)},h=s?.users;return b(v,{children:[b(`div`,{class:`toolbar`,children:[b(`div`,{class:`chips`,role:`group`,"aria-label":`Which`,children:z.map(({show:t,name:n})=>b(`button`,{type:`button`,"aria-pressed":e.get(`show`)===t,onClick:()=>f({show:t}),children:n},n))}),b(S,{label:`Search users by address`,value:e.get(`email`)??``,change:e=>f({email:e})}),b(`button`,{type:`button`,class:`main`,onClick:()=>o(!0),children:`Invite a user`})]}),a&&b(F,{close:()=>o(!1)}),c&&!h&&b(g,{message:c,retry:l}),!c&&!h&&b(d,{count:8}),h&&h.nodes.length>0&&b(v,{children:[b(H,{users:h.nodes}),b(x,{shown:h.nodes.length,total:{count:h.totalCount,isExact:h.totalCountIsExact},pageInfo:h.pageInfo,isFirst:r===null,go:i})]}),h?.nodes.length===0&&b(m,{title:`No user matches`})]})}function V(e){let t=e.get(`email`),n=e.get(`show`);return{...t&&{email:t},...n===`admins`&&{isAdmin:!0},...n===`inactive`&&{isActive:!1}}}function H({users:e}){return b(`div`,{class:`table-frame`,children:b(`table`,{children:[b(`thead`,{children:b(`tr`,{children:[b(`th`,{children:`Email address`}),b(`th`,{class:`spare`,children:`Role`}),b(`th`,{children:`State`}),b(`th`,{class:`spare`,children:`Account since`})]})}),b(`tbody`,{children:e.map(e=>b(`tr`,{children:[b(`td`,{class:`name`,children:[b(t,{href:`/admin/users/${e.id}`,class:`row-link`,children:e.email}),e.isAdmin&&b(`p`,{class:`only-narrow faint small`,children:`Administrator`})]}),b(`td`,{class:e.isAdmin?`spare`:`spare faint`,children:e.isAdmin?`Administrator`:`User`}),b(`td`,{children:b(U,{user:e})}),b(`td`,{class:`nowrap spare`,children:b(s,{at:e.createdAt})})]},e.id))})]})})}function U({user:e}){return e.isActive?e.emailConfirmed||!e.emailConfirmationRequired?b(`span`,{children:`Active`}):b(`span`,{class:`faint`,children:`Active, unconfirmed`}):b(`span`,{class:`bad-text`,children:`Deactivated`})}var W=[{name:`Sessions`,actions:[`LOGGED_IN`,`LOG_IN_FAILED`,`LOGGED_OUT`,`SESSION_REVOKED`,`REFRESH_TOKEN_REUSED`]},{name:`Accounts`,actions:[`SIGNED_UP`,`EMAIL_CONFIRMATION_REQUESTED`,`EMAIL_CONFIRMED`,`PASSWORD_CHANGED`,`PASSWORD_RESET_REQUESTED`,`PASSWORD_RESET`,`API_TOKEN_CREATED`,`API_TOKEN_REVOKED`,`SECRET_SET`,`SECRET_DELETED`,`PUBLIC_LINK_CREATED`,`PUBLIC_LINK_ROTATED`,`PUBLIC_LINK_REVOKED`]},{name:`Administration`,actions:[`USER_CREATED`,`USER_INVITED`,`INVITATION_ACCEPTED`,`USER_PROMOTED`,`USER_DEMOTED`,`USER_DEACTIVATED`,`USER_ACTIVATED`,`QUOTA_CHANGED`,`QUEUE_CHANGED`,`KEYS_ROTATED`]},{name:`Notifications`,actions:[`CHANNEL_CREATED`,`CHANNEL_CHANGED`,`CHANNEL_KEY_ROTATED`,`CHANNEL_DELETED`,`MAIL_ADDRESS_REQUESTED`,`MAIL_ADDRESS_CONFIRMED`,`MAIL_ADDRESS_REMOVED`,`MAILS_TURNED_OFF`,`MAILS_TURNED_ON`]}],G=50,K=c(`
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
`);function q(){let[e,t]=p(),[r,i]=_(null),{data:a,error:o,reread:s}=n(K,{filter:Y(e),first:G,after:r},{concerns:u}),c=e=>{i(null),t(e)},l=a?.auditLog;return b(v,{children:[b(J,{filters:e,change:c}),o&&!l&&b(g,{message:o,retry:s}),!o&&!l&&b(d,{count:10}),l&&l.nodes.length>0&&b(v,{children:[b(Z,{entries:l.nodes}),b(x,{shown:l.nodes.length,total:{count:l.totalCount,isExact:l.totalCountIsExact},pageInfo:l.pageInfo,isFirst:r===null,go:i})]}),l?.nodes.length===0&&b(m,{title:e.size>0?`No entry matches`:`The audit log is empty`})]})}function J({filters:e,change:t}){return b(`div`,{class:`toolbar`,children:[b(`label`,{class:`inline`,children:[`Action`,b(`select`,{value:e.get(`action`)??``,onChange:e=>t({action:e.currentTarget.value||null}),children:[b(`option`,{value:``,children:`Any`}),W.map(({name:e,actions:t})=>b(`optgroup`,{label:e,children:t.map(e=>b(`option`,{value:e,children:o(e)},e))},e))]})]}),[`from`,`to`].map(n=>b(`label`,{class:`inline`,children:[o(n),b(`input`,{type:`date`,value:e.get(n)??``,onChange:e=>t({[n]:e.currentTarget.value||null})})]},n)),b(S,{label:`Address of the account`,value:e.get(`email`)??``,change:e=>t({email:e||null})},e.get(`email`)?`set`:`unset`)]})}function Y(e){let t=W.flatMap(({actions:e})=>e).find(t=>t===e.get(`action`)),n=e.get(`email`),r=X(e.get(`from`)),i=X(e.get(`to`));i?.setDate(i.getDate()+1);let a={...r&&{from:r.toISOString()},...i&&{to:i.toISOString()}};return{...t&&{action:[t]},...n&&{email:n},...(r??i)&&{at:a}}}function X(e){let t=e?new Date(`${e}T00:00:00`):void 0;return t&&!Number.isNaN(t.getTime())?t:void 0}function Z({entries:e}){return b(`div`,{class:`table-frame`,children:b(`table`,{children:[b(`thead`,{children:b(`tr`,{children:[b(`th`,{children:`Time`}),b(`th`,{children:`Action`}),b(`th`,{class:`spare`,children:`Account`}),b(`th`,{class:`spare`,children:`By`}),b(`th`,{class:`spare`,children:`From`})]})}),b(`tbody`,{children:e.map(({id:e,at:t,action:n,actor:r,email:i,detail:a,address:c,userAgent:l})=>b(`tr`,{children:[b(`td`,{class:`nowrap`,children:b(s,{at:t,as:`moment`})}),b(`td`,{class:`action`,children:[b(`span`,{class:n===`LOG_IN_FAILED`||n===`REFRESH_TOKEN_REUSED`?`bad-text`:``,children:o(n)}),b(`p`,{class:`only-narrow small`,children:i}),a&&b(`p`,{class:`faint small`,children:a})]}),b(`td`,{class:`spare breakable`,children:i||b(`span`,{class:`faint`,children:`–`})}),b(`td`,{class:`spare faint breakable`,children:r===i?`themselves`:r||`unknown`}),b(`td`,{class:`spare faint nowrap`,title:l,children:[c,l&&b(`span`,{class:`client`,children:[` `,E(l)]})]})]},e))})]})})}var Q=[{part:``,name:`Users`,show:()=>b(B,{})},{part:`audit-log`,name:`Audit log`,show:()=>b(q,{})},{part:`system`,name:`System`,show:()=>b(O,{})}];function te({part:t}){return e.value?.isAdmin?b(l,{title:`Administration`,label:`Parts of the administration`,path:`/admin`,parts:Q,part:t}):b($,{})}function $(){return b(a,{title:`Administration`,children:b(m,{title:`This is for administrators`,children:[b(`p`,{children:[`You are signed in as `,e.value?.email,`, who does not administer this installation.`]}),b(`p`,{children:"An administrator can change that, or the operator with `tocsin users promote`."})]})})}export{te as AdminPage,$ as Forbidden,U as n,L as t};
/*! Licenses of the bundled packages: /assets/licences.md */
import{s as e}from"./client-Dls7rBOr.js";import{Z as t,_ as n,a as r,i,r as a,s as o,t as s,v as c}from"./time-BRH1184B.js";import{i as l,n as u}from"./account-profile-DsdsPZX6.js";import{H as d,J as f,U as p,V as m,Z as h,f as g,p as _,t as v}from"./index-Hs8ExkQT.js";/* empty css              */import{o as y,p as b,s as x,t as S}from"./jsxRuntime.module-CnYUX-XB.js";import{t as C}from"./pager-BDub3AhO.js";import{t as w}from"./search-field-1miFSrDU.js";import{a as T,n as E,t as D}from"./form-CE7OeyD2.js";import{t as ee}from"./browsers-DOjV3yb6.js";var O=5e3,k=c(`
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
`);function A(){let{data:e,error:r,reread:a}=n(k,{},{concerns:u});if(x(()=>{let e=setInterval(()=>document.hidden||a(),O);return()=>clearInterval(e)},[]),r&&!e)return S(d,{message:r,retry:a});if(!e)return S(p,{count:8});let{system:o,queues:s}=e;return S(b,{children:[r&&S(`p`,{class:`notice bad`,children:r}),S(j,{components:o.components}),S(i,{title:`Work`,aside:S(t,{href:`/queues`,children:`All queues`}),children:S(N,{queues:s})}),S(i,{title:`Processes`,children:S(P,{processes:o.processes})}),S(i,{title:`Versions`,children:S(F,{system:o})})]})}function j({components:e}){return S(`ul`,{class:`components`,children:e.map(({name:e,isHealthy:t,note:n})=>S(`li`,{children:[S(M,{isHealthy:t,hasNote:n!==null}),S(`span`,{class:`name`,children:e.charAt(0).toUpperCase()+e.slice(1)}),S(`span`,{class:`faint`,children:n??(t?`works`:`does not work`)})]},e))})}function M({isHealthy:e,hasNote:t=!1}){return S(`svg`,{class:`shape ${e?t?`warn`:`good`:`bad`}`,viewBox:`0 0 16 16`,width:`16`,height:`16`,"aria-hidden":`true`,children:[S(`circle`,{class:`ground`,cx:`8`,cy:`8`,r:`7`}),S(`path`,{class:`cut`,d:e?t?`M8 4.5v4.25M8 11v.25`:`m4.75 8.25 2.25 2.25 4.25-4.75`:`m5.5 5.5 5 5m0-5-5 5`})]})}function N({queues:e}){let t=t=>r(e.reduce((e,n)=>e+t(n),0));return S(`dl`,{class:`figures`,children:[S(`div`,{children:[S(`dt`,{children:`Running`}),S(`dd`,{children:t(({running:e})=>e)})]}),S(`div`,{children:[S(`dt`,{children:`Queued`}),S(`dd`,{children:t(({depth:e})=>e)})]}),S(`div`,{children:[S(`dt`,{children:`Attempts in the last minute`}),S(`dd`,{children:t(({throughputPerMinute:e})=>e)})]}),S(`div`,{children:[S(`dt`,{children:`Paused queues`}),S(`dd`,{children:t(({paused:e})=>+!!e)})]})]})}function P({processes:e}){return S(`div`,{class:`table-frame`,children:S(`table`,{children:[S(`thead`,{children:S(`tr`,{children:[S(`th`,{children:`Process`}),S(`th`,{children:`State`}),S(`th`,{children:`Lease ends`})]})}),S(`tbody`,{children:e.map(({name:e,isCurrent:t,isAlive:n,leaseEndsAt:r})=>S(`tr`,{children:[S(`td`,{class:`name`,children:[e,` `,t&&S(`span`,{class:`tag`,children:`answers you`})]}),S(`td`,{class:`nowrap`,children:[S(M,{isHealthy:n}),` `,n?`alive`:`gone`]}),S(`td`,{class:`nowrap`,children:S(s,{at:r})})]},e))})]})})}function F({system:e}){let{version:t,pythonVersion:n,startedAt:i,concurrency:a,database:o}=e;return S(`dl`,{class:`settings`,children:[S(`div`,{children:[S(`dt`,{children:`Tocsin`}),S(`dd`,{children:t})]}),S(`div`,{children:[S(`dt`,{children:`Python`}),S(`dd`,{children:n})]}),S(`div`,{children:[S(`dt`,{children:`Database`}),S(`dd`,{children:[o.isEmbedded?`embedded`:`MongoDB server`,o.version&&`, ${o.version}`]})]}),S(`div`,{children:[S(`dt`,{children:`Free disk space`}),S(`dd`,{children:o.freeDiskMegabytes===null?`unknown`:`${r(o.freeDiskMegabytes)} MB`})]}),S(`div`,{children:[S(`dt`,{children:`Running since`}),S(`dd`,{children:S(s,{at:i})})]}),S(`div`,{children:[S(`dt`,{children:`Attempts at once, per process`}),S(`dd`,{children:r(a)})]})]})}var I=c(`
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
`);function L({close:e}){let[t,n]=y(``),[r,i]=y(!1),{send:a,isBusy:o,problems:s}=T(I);return S(v,{title:`Invite a user`,close:e,children:S(E,{problems:s,submit:async()=>{let n=await a({email:t,isAdmin:r});n&&(f(`An invitation is on its way to ${n.inviteUser.invitation?.email??t}.`),e())},children:[S(D,{name:`email`,label:`Email address`,hint:`The link in the mail works for seven days.`,children:e=>S(`input`,{...e,type:`email`,required:!0,autofocus:!0,value:t,onInput:e=>n(e.currentTarget.value)})}),S(`label`,{class:`check`,children:[S(`input`,{type:`checkbox`,checked:r,onChange:e=>i(e.currentTarget.checked)}),`as an administrator`]}),S(`div`,{class:`buttons`,children:[S(`button`,{class:`main`,disabled:o,children:`Send invitation`}),S(`button`,{type:`button`,onClick:e,children:`Cancel`})]})]})})}var R=50,z=c(`
  fragment UserRow on User {
    id
    email
    isAdmin
    isActive
    emailConfirmed
    emailConfirmationRequired
    createdAt
  }
`),B=c(`
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
  `,[z]),V=[{show:null,name:`All`},{show:`admins`,name:`Administrators`},{show:`inactive`,name:`Deactivated`}];function H(){let[e,t]=h(),[r,i]=y(null),[a,o]=y(!1),{data:s,error:c,reread:l}=n(B,{filter:U(e),first:R,after:r},{concerns:u}),f=e=>{i(null),t(e)},g=s?.users;return S(b,{children:[S(`div`,{class:`toolbar`,children:[S(`div`,{class:`chips`,role:`group`,"aria-label":`Which`,children:V.map(({show:t,name:n})=>S(`button`,{type:`button`,"aria-pressed":e.get(`show`)===t,onClick:()=>f({show:t}),children:n},n))}),S(w,{label:`Search users by address`,value:e.get(`email`)??``,change:e=>f({email:e})}),S(`button`,{type:`button`,class:`main`,onClick:()=>o(!0),children:`Invite a user`})]}),a&&S(L,{close:()=>o(!1)}),c&&!g&&S(d,{message:c,retry:l}),!c&&!g&&S(p,{count:8}),g&&g.nodes.length>0&&S(b,{children:[S(W,{users:g.nodes}),S(C,{shown:g.nodes.length,total:{count:g.totalCount,isExact:g.totalCountIsExact},pageInfo:g.pageInfo,isFirst:r===null,go:i})]}),g?.nodes.length===0&&S(m,{title:`No user matches`})]})}function U(e){let t=e.get(`email`),n=e.get(`show`);return{...t&&{email:t},...n===`admins`&&{isAdmin:!0},...n===`inactive`&&{isActive:!1}}}function W({users:e}){return S(`div`,{class:`table-frame`,children:S(`table`,{children:[S(`thead`,{children:S(`tr`,{children:[S(`th`,{children:`Email address`}),S(`th`,{class:`spare`,children:`Role`}),S(`th`,{children:`State`}),S(`th`,{class:`spare`,children:`Account since`})]})}),S(`tbody`,{children:e.map(e=>S(`tr`,{children:[S(`td`,{class:`name`,children:[S(t,{href:`/admin/users/${e.id}`,class:`row-link`,children:e.email}),e.isAdmin&&S(`p`,{class:`only-narrow faint small`,children:`Administrator`})]}),S(`td`,{class:e.isAdmin?`spare`:`spare faint`,children:e.isAdmin?`Administrator`:`User`}),S(`td`,{children:S(G,{user:e})}),S(`td`,{class:`nowrap spare`,children:S(s,{at:e.createdAt})})]},e.id))})]})})}function G({user:e}){return e.isActive?e.emailConfirmed||!e.emailConfirmationRequired?S(`span`,{children:`Active`}):S(`span`,{class:`faint`,children:`Active, unconfirmed`}):S(`span`,{class:`bad-text`,children:`Deactivated`})}var K=[{name:`Sessions`,actions:[`LOGGED_IN`,`LOG_IN_FAILED`,`LOGGED_OUT`,`SESSION_REVOKED`,`REFRESH_TOKEN_REUSED`]},{name:`Accounts`,actions:[`SIGNED_UP`,`EMAIL_CONFIRMATION_REQUESTED`,`EMAIL_CONFIRMED`,`PASSWORD_CHANGED`,`PASSWORD_RESET_REQUESTED`,`PASSWORD_RESET`,`API_TOKEN_CREATED`,`API_TOKEN_REVOKED`,`SECRET_SET`,`SECRET_DELETED`,`PUBLIC_LINK_CREATED`,`PUBLIC_LINK_CHANGED`,`PUBLIC_LINK_ROTATED`,`PUBLIC_LINK_REVOKED`]},{name:`Administration`,actions:[`USER_CREATED`,`USER_INVITED`,`INVITATION_ACCEPTED`,`USER_PROMOTED`,`USER_DEMOTED`,`USER_DEACTIVATED`,`USER_ACTIVATED`,`QUOTA_CHANGED`,`QUEUE_CHANGED`,`KEYS_ROTATED`]},{name:`Notifications`,actions:[`CHANNEL_CREATED`,`CHANNEL_CHANGED`,`CHANNEL_KEY_ROTATED`,`CHANNEL_DELETED`,`MAIL_ADDRESS_REQUESTED`,`MAIL_ADDRESS_CONFIRMED`,`MAIL_ADDRESS_REMOVED`,`MAILS_TURNED_OFF`,`MAILS_TURNED_ON`]}],q=50,J=c(`
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
`);function Y(){let[e,t]=h(),[r,i]=y(null),{data:a,error:o,reread:s}=n(J,{filter:Z(e),first:q,after:r},{concerns:u}),c=e=>{i(null),t(e)},l=a?.auditLog;return S(b,{children:[S(X,{filters:e,change:c}),o&&!l&&S(d,{message:o,retry:s}),!o&&!l&&S(p,{count:10}),l&&l.nodes.length>0&&S(b,{children:[S(Q,{entries:l.nodes}),S(C,{shown:l.nodes.length,total:{count:l.totalCount,isExact:l.totalCountIsExact},pageInfo:l.pageInfo,isFirst:r===null,go:i})]}),l?.nodes.length===0&&S(m,{title:e.size>0?`No entry matches`:`The audit log is empty`})]})}function X({filters:e,change:t}){return S(`div`,{class:`toolbar`,children:[S(`label`,{class:`inline`,children:[`Action`,S(`select`,{value:e.get(`action`)??``,onChange:e=>t({action:e.currentTarget.value||null}),children:[S(`option`,{value:``,children:`Any`}),K.map(({name:e,actions:t})=>S(`optgroup`,{label:e,children:t.map(e=>S(`option`,{value:e,children:o(e)},e))},e))]})]}),[`from`,`to`].map(n=>S(`label`,{class:`inline`,children:[o(n),S(`input`,{type:`date`,value:g(e,n),onChange:e=>t({[n]:e.currentTarget.value||null})})]},n)),S(w,{label:`Address of the account`,value:e.get(`email`)??``,change:e=>t({email:e||null})},e.get(`email`)?`set`:`unset`)]})}function Z(e){let t=K.flatMap(({actions:e})=>e).find(t=>t===e.get(`action`)),n=e.get(`email`),r=_(g(e,`from`)),i=_(g(e,`to`),1);return{...t&&{action:[t]},...n&&{email:n},...(r??i)&&{at:{from:r,to:i}}}}function Q({entries:e}){return S(`div`,{class:`table-frame`,children:S(`table`,{children:[S(`thead`,{children:S(`tr`,{children:[S(`th`,{children:`Time`}),S(`th`,{children:`Action`}),S(`th`,{class:`spare`,children:`Account`}),S(`th`,{class:`spare`,children:`By`}),S(`th`,{class:`spare`,children:`From`})]})}),S(`tbody`,{children:e.map(({id:e,at:t,action:n,actor:r,email:i,detail:a,address:c,userAgent:l})=>S(`tr`,{children:[S(`td`,{class:`nowrap`,children:S(s,{at:t,as:`moment`})}),S(`td`,{class:`action`,children:[S(`span`,{class:n===`LOG_IN_FAILED`||n===`REFRESH_TOKEN_REUSED`?`bad-text`:``,children:o(n)}),S(`p`,{class:`only-narrow small`,children:i}),a&&S(`p`,{class:`faint small`,children:a})]}),S(`td`,{class:`spare breakable`,children:i||S(`span`,{class:`faint`,children:`–`})}),S(`td`,{class:`spare faint breakable`,children:r===i?`themselves`:r||`unknown`}),S(`td`,{class:`spare faint nowrap`,title:l,children:[c,l&&S(`span`,{class:`client`,children:[` `,ee(l)]})]})]},e))})]})})}var te=[{part:``,name:`Users`,show:()=>S(H,{})},{part:`audit-log`,name:`Audit log`,show:()=>S(Y,{})},{part:`system`,name:`System`,show:()=>S(A,{})}];function ne({part:t}){return e.value?.isAdmin?S(l,{title:`Administration`,label:`Parts of the administration`,path:`/admin`,parts:te,part:t}):S($,{})}function $(){return S(a,{title:`Administration`,children:S(m,{title:`This is for administrators`,children:[S(`p`,{children:[`You are signed in as `,e.value?.email,`, who does not administer this installation.`]}),S(`p`,{children:"An administrator can change that, or the operator with `tocsin users promote`."})]})})}export{ne as AdminPage,$ as Forbidden,G as n,z as t};
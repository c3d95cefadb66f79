/*! Licenses of the bundled packages: /assets/licences.md */
import{i as e,n as t,t as n}from"./account-profile-DsdsPZX6.js";import{o as r,p as i,t as a}from"./jsxRuntime.module-CnYUX-XB.js";import{a as o,c as s,r as c}from"./client-Dls7rBOr.js";import{Z as l,_ as u,g as d,i as f,n as p,s as m,t as h,v as g}from"./time-BRH1184B.js";import{G as _,H as v,J as y,K as b,U as x,V as S,W as C,n as w,q as T}from"./index-Hs8ExkQT.js";import{a as E,n as D,t as O}from"./form-CE7OeyD2.js";import{t as k}from"./browsers-DOjV3yb6.js";import{n as A}from"./secret-C3JGxXuA.js";var j=g(`
  mutation AcceptRequestsFrom($email: String!) {
    acceptRequestsFrom(input: { email: $email }) {
      userErrors {
        field
        message
      }
    }
  }
`),M=g(`
  mutation RefuseRequestsFrom($email: String!) {
    refuseRequestsFrom(input: { email: $email }) {
      userErrors {
        message
      }
    }
  }
`);function N({emails:e,done:t}){let[n,i]=r(``),{send:o,isBusy:s,problems:c}=E(j);return a(`div`,{class:`panel`,children:[a(`p`,{class:`faint`,children:`Workflows of these users may ask you for decisions by mail. Your own always may.`}),e.length>0&&a(`ul`,{class:`plain-list`,children:e.map(e=>a(ee,{email:e,done:t},e))}),a(D,{problems:c,submit:async()=>{await o({email:n})&&(i(``),t())},children:[a(O,{name:`email`,label:`Accept requests from`,children:e=>a(`input`,{...e,type:`email`,required:!0,placeholder:`colleague@example.com`,value:n,onInput:e=>i(e.currentTarget.value)})}),a(`div`,{class:`buttons`,children:a(`button`,{disabled:s,children:`Accept`})})]})]})}function ee({email:e,done:t}){let{send:n,isBusy:r}=E(M),i=E(j),o=async()=>{let r=await n({email:e});t(),r&&y(`${e} may not ask you for decisions any more.`,{undo:()=>i.send({email:e}).then(t)})};return a(`li`,{children:[a(`span`,{children:e}),a(`button`,{type:`button`,class:`quiet`,disabled:r,onClick:()=>void o(),children:`Remove`})]})}var te=g(`
  query MailAddresses {
    mailAddresses {
      purpose
      email
      confirmedAt
      requestedEmail
      requestedAt
      bouncedAt
      lastError
      unsubscribedAt
    }
    viewer {
      acceptsRequestsFrom
    }
  }
`),ne=g(`
  mutation RequestMailAddress($purpose: MailPurpose!, $email: String!) {
    requestMailAddress(input: { purpose: $purpose, email: $email }) {
      userErrors {
        field
        message
      }
    }
  }
`),re=g(`
  mutation RemoveMailAddress($purpose: MailPurpose!) {
    removeMailAddress(input: { purpose: $purpose }) {
      userErrors {
        message
      }
    }
  }
`),ie=[{purpose:`ALERTS`,text:`failures, incidents and reminders of them`},{purpose:`APPROVALS`,text:`decisions that workflows wait for`},{purpose:`REPORTS`,text:`reports that are ready`}];function P(){let{data:e,error:n,reread:r}=u(te,{},{concerns:t});return n&&!e?a(v,{message:n,retry:r}):e?a(i,{children:[a(`p`,{class:`lead`,children:[`Mails go to `,s.value,`. Some can go to another address, such as that of a team, once its reader has agreed by a link.`]}),ie.map(({purpose:t,text:n})=>a(F,{purpose:t,text:n,address:e.mailAddresses.find(e=>e.purpose===t),done:r},t)),a(f,{title:`Approval requests`,children:a(N,{emails:e.viewer.acceptsRequestsFrom??[],done:r})})]}):a(x,{count:4})}function F({purpose:e,text:t,address:n,done:i}){let[o,s]=r(!1),c=!!(n?.email??n?.requestedEmail);return a(`section`,{class:`panel mail-address`,"aria-label":m(e),children:[a(`div`,{class:`heading`,children:[a(`h2`,{children:[m(e),` `,a(`span`,{class:`faint`,children:t})]}),!o&&a(`span`,{class:`buttons`,children:[a(`button`,{type:`button`,onClick:()=>s(!0),children:c?`Change`:`Use another address`}),c&&a(R,{purpose:e,done:i})]})]}),a(I,{address:n}),o&&a(L,{purpose:e,close:()=>{s(!1),i()}})]})}function I({address:e}){return a(i,{children:[a(`p`,{children:[`to `,a(`strong`,{children:e?.email??s.value}),!e?.email&&a(`span`,{class:`faint`,children:` · the address of your account`})]}),e?.requestedEmail&&e.requestedAt&&a(`p`,{class:`faint`,children:[e.requestedEmail,` was asked `,a(h,{at:e.requestedAt}),`, and has not agreed yet.`]}),e?.bouncedAt&&a(`p`,{class:`bad-text`,children:[`It was refused `,a(h,{at:e.bouncedAt}),`: `,e.lastError,`. Until tomorrow such mails come to you.`]}),e?.unsubscribedAt&&a(`p`,{class:`faint`,children:[`Its reader has ended these mails `,a(h,{at:e.unsubscribedAt}),`.`]})]})}function L({purpose:e,close:t}){let[n,i]=r(``),{send:o,isBusy:s,problems:c}=E(ne);return a(D,{problems:c,submit:async()=>{await o({purpose:e,email:n})&&(y(`A link is on its way to ${n}.`),t())},children:[a(O,{name:`email`,label:`Email address`,hint:`A link is mailed there. Mails go there when it has been opened.`,children:e=>a(`input`,{...e,type:`email`,required:!0,autofocus:!0,value:n,onInput:e=>i(e.currentTarget.value)})}),a(`div`,{class:`buttons`,children:[a(`button`,{class:`main`,disabled:s,children:`Send the link`}),a(`button`,{type:`button`,onClick:t,children:`Cancel`})]})]})}function R({purpose:e,done:t}){let{send:n,isBusy:r}=E(re),i=async()=>{await w({title:`Remove the address?`,text:`These mails go to the address of your account again. Its reader would have to agree once more.`,action:`Remove`})&&(await n({purpose:e}),t())};return a(`button`,{type:`button`,disabled:r,onClick:()=>void i(),children:`Remove`})}var z=g(`
  mutation SetSecret($name: String!, $value: String, $allowedHosts: [String!]) {
    setSecret(input: { name: $name, value: $value, allowedHosts: $allowedHosts }) {
      secret {
        name
      }
      userErrors {
        field
        message
      }
    }
  }
`);function B({secret:e,saved:t,cancel:n}){let[i,o]=r(e?.name??``),[s,c]=r(``),[l,u]=r(e?.allowedHosts.join(`
`)??``),{send:d,isBusy:f,problems:p}=E(z),m=e?`${e.name}.`:``;return a(D,{problems:V(p,m),submit:async()=>{await _();let n=l.split(/[\s,]+/).filter(Boolean),r=await d({name:i,value:s===``?null:s,allowedHosts:n});r?.setSecret.secret&&(y(`${r.setSecret.secret.name} is saved.`),e||(o(``),u(``)),c(``),t())},class:e?`form`:`form panel`,children:[e&&a(`h3`,{class:`mono`,children:e.name}),a(`div`,{class:e?void 0:`row`,children:[!e&&a(O,{name:`name`,label:`Name`,hint:`Letters, digits and underscores. Case is ignored`,children:e=>a(`input`,{...e,class:`mono`,required:!0,maxlength:64,autocomplete:`off`,spellcheck:!1,value:i,onInput:e=>o(e.currentTarget.value)})}),a(O,{name:`${m}value`,label:e?`New value`:`Value`,hint:e?`Empty keeps the stored one, unless a host is new`:`Such as a token, or the whole address of a webhook`,children:t=>a(`textarea`,{...t,class:`mono concealed`,rows:1,required:!e,autocomplete:`off`,spellcheck:!1,value:s,onInput:e=>c(e.currentTarget.value)})})]}),a(O,{name:`${m}allowedHosts`,label:`Allowed hosts`,hint:`One a line, such as hooks.slack.com, or *.example.com for all names below it`,children:e=>a(`textarea`,{...e,class:`mono`,rows:Math.max(2,l.split(`
`).length),required:!0,spellcheck:!1,value:l,onInput:e=>u(e.currentTarget.value)})}),a(`div`,{class:`buttons`,children:[n&&a(`button`,{type:`button`,onClick:n,children:`Cancel`}),a(`button`,{class:`main`,disabled:f,children:e?`Save`:`Create secret`})]})]})}function V({fields:e,general:t},n){let r=new Map;for(let[t,i]of e){let e=`${n}${t.replace(/^(allowedHosts)\.\d+$/,`$1`)}`;r.set(e,[r.get(e),i].filter(Boolean).join(` `))}return{fields:r,general:t}}var H=3,U=20,W=g(`
  fragment SecretUses on Secret @_unmask {
    tasks {
      id
      name
    }
    workflows {
      id
      name
    }
  }
`);function G({tasks:e,workflows:t}){return[...T(e).map(({id:e,name:t})=>({name:t,address:`/tasks/${e}`})),...T(t).map(({id:e,name:t})=>({name:t,address:`/workflows/${e}`}))]}function K({tasks:e,workflows:t},n){let r=T(e).length+T(t).length-n,i=e.length===U||t.length===U;return r>0?`and ${r}${i?` or more`:``} more`:``}function q({uses:e}){let t=G(e).slice(0,H);return t.length===0?a(`span`,{class:`faint`,children:`Nothing`}):a(i,{children:[t.map(({name:e,address:t})=>a(`div`,{children:a(l,{href:t,children:e})},t)),a(`div`,{class:`faint small`,children:K(e,t.length)})]})}function J(e){let t=G(e).slice(0,H).map(({name:e})=>e);if(t.length===0)return`No task or workflow uses it. You can undo it for ten seconds.`;let n=K(e,t.length);return`Runs of these fail from then on: ${t.join(`, `)}${n&&` ${n}`}. You can undo it for ten seconds.`}var Y=g(`
    query Secrets {
      secrets {
        id
        name
        allowedHosts
        createdAt
        valueSetAt
        ...SecretUses
      }
    }
  `,[W]),ae=g(`query UsesOfSecret($id: ID!) { node(id: $id) { __typename ...SecretUses } }`,[W]),oe=g(`mutation DeleteSecret($name: String!) { deleteSecret(input: { name: $name }) { userErrors { message } } }`);function X({id:e,createdAt:t}){return`${e} ${t}`}function se(){let{data:e,error:n,reread:o}=u(Y,{},{concerns:t}),s=e&&e.secrets.filter(e=>!b(X(e))),[c,l]=r(null),d=()=>{l(null),o()};return a(i,{children:[a(`p`,{class:`lead`,children:[`Requests of tasks and workflows use a secret as `,a(`code`,{children:"${{ secrets.name }}"}),`: in the URL or as the whole of it, in headers, in the token and in the body. It goes to the allowed hosts only, and is never shown again: not here, and not in runs.`]}),n&&!e&&a(v,{message:n,retry:o}),!n&&!e&&a(x,{count:3}),s?.length===0&&a(S,{title:`You have no secrets`,children:`Keep tokens, passwords and webhook addresses here, rather than in each task.`}),s&&s.length>0&&a(ce,{secrets:s,edited:c,edit:l,saved:d}),a(f,{title:`New secret`,children:a(B,{saved:d})})]})}function ce({secrets:e,edited:t,edit:n,saved:r}){return a(`div`,{class:`table-frame`,children:a(`table`,{class:`secrets`,children:[a(`thead`,{children:a(`tr`,{children:[a(`th`,{children:`Name`}),a(`th`,{children:`Allowed hosts`}),a(`th`,{children:`Used by`}),a(`th`,{class:`spare`,children:`Value set`}),a(`th`,{children:a(`span`,{class:`hidden`,children:`Actions`})})]})}),a(`tbody`,{children:e.map(e=>t===e.id?a(`tr`,{children:a(`td`,{colSpan:5,class:`edited`,children:a(B,{secret:e,saved:r,cancel:()=>n(null)})})},e.id):a(le,{secret:e,edit:()=>n(e.id)},e.id))})]})})}function le({secret:e,edit:t}){let{id:n,name:r,allowedHosts:i,valueSetAt:o}=e,{client:s}=d(),l=async()=>{let{data:t}=await c(ae,{id:n}),i=t?.node?.__typename===`Secret`?t.node:e;await w({title:`Delete ${r}?`,text:J(i),action:`Delete`})&&C(s,oe,{ids:[X(e)],text:`${r} is deleted.`,calls:[{name:r}]})};return a(`tr`,{children:[a(`td`,{class:`name`,children:a(`code`,{children:r})}),a(`td`,{class:`hosts`,children:i.join(`, `)}),a(`td`,{class:`uses`,children:a(q,{uses:e})}),a(`td`,{class:`nowrap spare`,children:a(h,{at:o})}),a(`td`,{class:`number`,children:a(`span`,{class:`buttons`,children:[a(`button`,{type:`button`,"aria-label":`Change ${r}`,onClick:t,children:`Change`}),a(`button`,{type:`button`,"aria-label":`Delete ${r}`,onClick:()=>void l(),children:`Delete`})]})})]})}var ue=g(`
  query Sessions {
    sessions {
      id
      address
      userAgent
      createdAt
      lastRefreshedAt
      isCurrent
    }
  }
`),de=g(`mutation RevokeSession($id: ID!) { revokeSession(input: { id: $id }) { userErrors { message } } }`),fe=g(`mutation RevokeOtherSessions { revokeOtherSessions { revokedCount userErrors { message } } }`),pe=g(`
  mutation ChangePassword($currentPassword: String!, $newPassword: String!) {
    changePassword(input: { currentPassword: $currentPassword, newPassword: $newPassword }) {
      userErrors {
        field
        message
      }
    }
  }
`),Z={currentPassword:``,newPassword:``};function me(){let{data:e,error:n,reread:r}=u(ue,{},{concerns:t}),o=e?.sessions.filter(({isCurrent:e})=>!e)??[];return a(i,{children:[a(f,{title:`Password`,children:a(he,{done:r})}),a(f,{title:`Sessions`,aside:o.length>0&&a(ge,{count:o.length,done:r}),children:[n&&!e&&a(v,{message:n,retry:r}),!n&&!e&&a(x,{count:3}),e&&a(_e,{sessions:e.sessions,done:r})]})]})}function he({done:e}){let[t,n]=r(Z),{send:i,isBusy:o,problems:s}=E(pe),c=async()=>{await i(t)&&(n(Z),y(`Your password is changed. Your other sessions have ended.`),e())},l=(e,r)=>i=>a(`input`,{...i,type:`password`,required:!0,autocomplete:r,value:t[e],onInput:r=>n({...t,[e]:r.currentTarget.value})});return a(D,{problems:s,submit:c,class:`form panel`,children:[a(`div`,{class:`row`,children:[a(O,{name:`currentPassword`,label:`Current password`,children:l(`currentPassword`,`current-password`)}),a(O,{name:`newPassword`,label:`New password`,hint:`10 to 128 characters. Common passwords are refused.`,children:l(`newPassword`,`new-password`)})]}),a(`div`,{class:`buttons`,children:[a(`button`,{class:`main`,disabled:o,children:`Change password`}),a(`span`,{class:`faint small`,children:`Your other sessions end. API tokens stay.`})]})]})}function ge({count:e,done:t}){let{send:n,isBusy:r,problems:o}=E(fe),s=async()=>{let r=`${e===1?`One other session ends`:`${e} other sessions end`} at once, with their open pages.`;if(!await w({title:`End all other sessions?`,text:r,action:`End them`}))return;let i=await n({});i&&y(`${i.revokeOtherSessions.revokedCount??0} sessions have ended.`),t()};return a(i,{children:[o.general&&a(`span`,{class:`problem`,children:[o.general,` `]}),a(`button`,{type:`button`,disabled:r,onClick:()=>void s(),children:`End all others`})]})}function _e({sessions:e,done:t}){return a(`div`,{class:`table-frame`,children:a(`table`,{children:[a(`thead`,{children:a(`tr`,{children:[a(`th`,{children:`Browser or program`}),a(`th`,{class:`spare`,children:`Signed in`}),a(`th`,{children:`Last renewed`}),a(`th`,{children:a(`span`,{class:`hidden`,children:`Actions`})})]})}),a(`tbody`,{children:e.map(e=>a(ve,{session:e,done:t},e.id))})]})})}function ve({session:e,done:t}){let{id:n,address:r,userAgent:i,createdAt:o,lastRefreshedAt:s,isCurrent:c}=e,{send:l,isBusy:u}=E(de),d=async()=>{let e=`${k(i)} at ${r} is signed out at once.`;await w({title:`End this session?`,text:e,action:`End session`})&&(await l({id:n}),t())};return a(`tr`,{children:[a(`td`,{class:`name`,title:i,children:[k(i),a(`p`,{class:`faint small`,children:r})]}),a(`td`,{class:`nowrap spare`,children:a(h,{at:o})}),a(`td`,{class:`nowrap`,children:a(h,{at:s})}),a(`td`,{class:`number`,children:c?a(`span`,{class:`tag`,children:`this one`}):a(`button`,{type:`button`,disabled:u,onClick:()=>void d(),children:`End`})})]})}var ye=864e5,be=g(`
  mutation CreateApiToken($name: String!, $scopes: [Scope!]!, $expiresAt: DateTime) {
    createApiToken(input: { name: $name, scopes: $scopes, expiresAt: $expiresAt }) {
      token
      userErrors {
        field
        message
      }
    }
  }
`),xe=[{scope:`READ`,name:`Read`,text:`queries and subscriptions`},{scope:`WRITE`,name:`Write`,text:`create, change and run things`},{scope:`ADMIN`,name:`Administer`,text:`users, queues and the audit log, with read or write`}],Q=[{days:7,name:`7 days`},{days:30,name:`30 days`},{days:90,name:`90 days`},{days:365,name:`a year`},{days:0,name:`never`}],$={name:``,scopes:[`READ`,`WRITE`],days:90};function Se({created:e}){let[t,n]=r($),{send:i,isBusy:s,problems:c}=E(be),l=xe.filter(({scope:e})=>e!==`ADMIN`||o.current()?.user.isAdmin),u=async()=>{let{name:r,scopes:a,days:o}=t,s=await i({name:r,scopes:a,expiresAt:o?new Date(Date.now()+o*ye).toISOString():null});s?.createApiToken.token&&(n($),e(s.createApiToken.token))},d=e=>{let{scopes:r}=t;n({...t,scopes:r.includes(e)?r.filter(t=>t!==e):[...r,e]})};return a(D,{problems:c,submit:u,class:`form panel`,children:[a(`div`,{class:`row`,children:[a(O,{name:`name`,label:`Name`,hint:`What uses it, such as the backup script`,children:e=>a(`input`,{...e,required:!0,maxlength:100,autocomplete:`off`,value:t.name,onInput:e=>n({...t,name:e.currentTarget.value})})}),a(O,{name:`expiresAt`,label:`Expires after`,children:e=>a(`select`,{...e,value:t.days,onChange:e=>n({...t,days:Number(e.currentTarget.value)}),children:Q.map(({days:e,name:t})=>a(`option`,{value:e,children:t},e))})})]}),a(O,{name:`scopes`,label:`It may`,children:e=>a(`div`,{class:`choices`,id:e.id,role:`group`,"aria-label":`Scopes`,"aria-describedby":e[`aria-describedby`],children:l.map(({scope:e,name:n,text:r})=>a(`label`,{class:`check`,children:[a(`input`,{type:`checkbox`,checked:t.scopes.includes(e),onChange:()=>d(e)}),a(`span`,{children:[n,` `,a(`span`,{class:`faint`,children:r})]})]},e))})}),a(`div`,{class:`buttons`,children:a(`button`,{class:`main`,disabled:s,children:`Create token`})})]})}var Ce=g(`
  query ApiTokens {
    apiTokens {
      id
      name
      hint
      scopes
      createdAt
      expiresAt
      lastUsedAt
    }
  }
`),we=g(`mutation RevokeApiToken($id: ID!) { revokeApiToken(input: { id: $id }) { userErrors { message } } }`);function Te(){let{data:e,error:n,reread:o}=u(Ce,{},{concerns:t}),[s,c]=r(null);return a(i,{children:[a(`p`,{class:`lead`,children:[`Programs send a token as `,a(`code`,{children:`Authorization: Bearer …`}),`. You are mailed about each new one.`]}),s&&a(A,{label:`Your new token.`,value:s,close:()=>c(null)}),n&&!e&&a(v,{message:n,retry:o}),!n&&!e&&a(x,{count:3}),e?.apiTokens.length===0&&!s&&a(S,{title:`You have no API tokens`}),e&&e.apiTokens.length>0&&a(Ee,{tokens:e.apiTokens,done:o}),a(f,{title:`New token`,children:a(Se,{created:e=>{c(e),o()}})})]})}function Ee({tokens:e,done:t}){return a(`div`,{class:`table-frame`,children:a(`table`,{children:[a(`thead`,{children:a(`tr`,{children:[a(`th`,{children:`Name`}),a(`th`,{class:`spare`,children:`Created`}),a(`th`,{class:`spare`,children:`Last used`}),a(`th`,{children:`Expires`}),a(`th`,{children:a(`span`,{class:`hidden`,children:`Actions`})})]})}),a(`tbody`,{children:e.map(e=>a(De,{token:e,done:t},e.id))})]})})}function De({token:e,done:t}){let{id:n,name:r,hint:i,scopes:o,createdAt:s,expiresAt:c,lastUsedAt:l}=e,{send:u,isBusy:d}=E(we),f=async()=>{let e=`Programs that use ${r} (…${i}) are refused at once.`;await w({title:`Revoke this token?`,text:e,action:`Revoke`})&&(await u({id:n})&&y(`${r} is revoked.`),t())};return a(`tr`,{children:[a(`td`,{class:`name`,children:[r,a(`p`,{class:`faint small`,children:[a(`code`,{children:[`…`,i]}),` · `,o.map(e=>e.toLowerCase()).join(`, `)]})]}),a(`td`,{class:`nowrap spare`,children:a(h,{at:s})}),a(`td`,{class:`nowrap spare`,children:l?a(h,{at:l}):a(`span`,{class:`faint`,children:`never`})}),a(`td`,{class:`nowrap`,children:c?a(Oe,{at:c}):a(`span`,{class:`faint`,children:`never`})}),a(`td`,{class:`number`,children:a(`button`,{type:`button`,disabled:d,onClick:()=>void f(),children:`Revoke`})})]})}function Oe({at:e}){return Date.parse(e)>p.value?a(h,{at:e}):a(`span`,{class:`bad-text`,children:[`expired `,a(h,{at:e})]})}var ke=[{part:``,name:`Profile`,show:()=>a(n,{})},{part:`security`,name:`Security`,show:()=>a(me,{})},{part:`tokens`,name:`API tokens`,show:()=>a(Te,{})},{part:`secrets`,name:`Secrets`,show:()=>a(se,{})},{part:`mails`,name:`Mail addresses`,show:()=>a(P,{})}];function Ae({part:t}){return a(e,{title:`Account`,label:`Parts of the account`,path:`/account`,parts:ke,part:t})}export{Ae as AccountPage};
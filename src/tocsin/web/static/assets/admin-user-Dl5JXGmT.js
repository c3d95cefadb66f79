/*! Licenses of the bundled packages: /assets/licences.md */
import{B as e,F as t,H as n,J as r,L as i,N as a,O as o,P as s,V as c,X as l,l as u,n as d,nt as f,q as p,t as m}from"./index-CfbBKCB3.js";import{i as h,n as g,t as _}from"./form-DSuI08_u.js";import{n as v}from"./account-profile-e_ZW1w0L.js";/* empty css              */import{Forbidden as y,n as b,t as x}from"./admin-Cbl-fmK2.js";import{a as S,f as C,t as w}from"./jsxRuntime.module-B9qDJXb7.js";var T=r(`
  mutation SetUserQuota($id: ID!, $quota: Quota!, $limit: Int) {
    setUserQuota(input: { id: $id, quota: $quota, limit: $limit }) {
      userErrors {
        field
        message
      }
    }
  }
`);function E({user:e,usage:t,done:n}){let[r,a]=S(null);return w(`div`,{class:`table-frame`,children:[w(`table`,{children:[w(`thead`,{children:w(`tr`,{children:[w(`th`,{children:`Quota`}),w(`th`,{class:`number`,children:`Used`}),w(`th`,{class:`number`,children:`Limit`}),w(`th`,{children:w(`span`,{class:`hidden`,children:`Actions`})})]})}),w(`tbody`,{children:t.map(e=>w(`tr`,{children:[w(`td`,{class:`name`,children:i(e.quota)}),w(`td`,{class:`number`,children:D(e.used,e)}),w(`td`,{class:`number`,children:e.limit===null?w(`span`,{class:`faint`,children:`no limit`}):D(e.limit,e)}),w(`td`,{class:`number`,children:w(`button`,{type:`button`,"aria-label":`Change the limit of ${i(e.quota)}`,onClick:()=>a(e),children:`Change`})})]},e.quota))})]}),r&&w(O,{user:e,usage:r,close:()=>{a(null),n()}})]})}function D(e,{unit:n}){return n===`MEGABYTES`?`${t(e)} MB`:t(e)}function O({user:e,usage:t,close:n}){let[r,a]=S(String(t.limit??0)),{send:o,isBusy:s,problems:c}=h(T),l=async r=>{await o({id:e,quota:t.quota,limit:r})&&(u(`The limit of ${i(t.quota)} is changed.`),n())},d=t.unit===`MEGABYTES`?` in megabytes`:``;return w(m,{title:`Limit: ${i(t.quota)}`,close:n,children:w(g,{problems:c,submit:()=>l(Number(r)),children:[w(_,{name:`limit`,label:`Limit${d}`,hint:`0 for no limit`,children:e=>w(`input`,{...e,type:`number`,min:0,required:!0,value:r,onInput:e=>a(e.currentTarget.value)})}),w(`div`,{class:`buttons`,children:[w(`button`,{class:`main`,disabled:s,children:`Save`}),w(`button`,{type:`button`,disabled:s,onClick:()=>void l(null),children:`Use the default`})]})]})})}var k=r(`
    query User($id: ID!) {
      node(id: $id) {
        id
        ... on User {
          ...UserRow
          usage {
            quota
            used
            limit
            unit
          }
        }
      }
    }
  `,[x]),A=r(`mutation ActivateUser($id: ID!) { activateUser(input: { id: $id }) { userErrors { message } } }`),j=r(`mutation DeactivateUser($id: ID!) { deactivateUser(input: { id: $id }) { userErrors { message } } }`),M=r(`mutation LogOutUser($id: ID!) { logOutUser(input: { id: $id }) { endedSessionCount userErrors { message } } }`),N=r(`
  mutation SetRole($id: ID!, $isAdmin: Boolean!) {
    updateUser(input: { id: $id, isAdmin: $isAdmin }) {
      userErrors {
        message
      }
    }
  }
`);function P({id:e}){return l.value?.isAdmin?w(F,{id:e}):w(y,{})}function F({id:t}){let{data:r,error:i,reread:l}=p(k,{id:t},{concerns:v}),u=r?.node&&`email`in r.node?r.node:null;return i&&!r?w(c,{message:i,retry:l}):r?u?w(a,{title:u.email,above:w(f,{href:`/admin`,children:`Users`}),actions:w(I,{user:u,done:l}),children:[w(`dl`,{class:`settings`,children:[w(`div`,{children:[w(`dt`,{children:`State`}),w(`dd`,{children:w(b,{user:u})})]}),w(`div`,{children:[w(`dt`,{children:`Role`}),w(`dd`,{children:u.isAdmin?`Administrator`:`User`})]}),w(`div`,{children:[w(`dt`,{children:`Account since`}),w(`dd`,{children:w(o,{at:u.createdAt})})]}),w(`div`,{children:[w(`dt`,{children:`Audit log`}),w(`dd`,{children:w(f,{href:`/admin/audit-log?email=${encodeURIComponent(u.email)}`,children:`Entries about this account`})})]})]}),w(s,{title:`Usage and limits`,children:w(E,{user:u.id,usage:u.usage??[],done:l})})]}):w(e,{title:`There is no such user`}):w(n,{count:8})}function I({user:e,done:t}){let n=h(A),r=h(j),i=h(M),a=h(N),{id:o,email:s,isAdmin:c,isActive:f}=e;if(o===l.value?.id)return w(`span`,{class:`faint`,children:`This is you. Another administrator can change your account.`});let p=[n,r,i,a],m=p.some(e=>e.isBusy),g=async()=>{if(!await d({title:`End all sessions of ${s}?`,text:`They have to sign in again. API tokens and tasks are not touched.`,action:`End sessions`}))return;let e=await i.send({id:o});e&&u(`${e.logOutUser.endedSessionCount??0} sessions of ${s} have ended.`)},_=async()=>{let e=c?{title:`Make ${s} a regular user?`,text:`Invitations that they have sent end.`,action:`Revoke`}:{title:`Make ${s} an administrator?`,text:`They can manage users, queues and quotas, and end your rights.`,action:`Grant`};await d({...e,isDestructive:c})&&await a.send({id:o,isAdmin:!c})&&t()},v=async()=>{await d({title:`Deactivate ${s}?`,text:`Their sessions and API tokens end, their tasks are paused, and their workflow runs are cancelled.`,action:`Deactivate`})&&(await r.send({id:o})&&u(`${s} is deactivated.`,{undo:()=>n.send({id:o}).then(t)}),t())},y=p.map(({problems:e})=>e.general).join(` `);return w(C,{children:[w(`span`,{class:`problem`,role:`alert`,children:y}),w(`button`,{type:`button`,disabled:m,onClick:()=>void _(),children:c?`Revoke administrator`:`Make administrator`}),f&&w(`button`,{type:`button`,disabled:m,onClick:()=>void g(),children:`End sessions`}),f?w(`button`,{type:`button`,class:`destructive`,disabled:m,onClick:()=>void v(),children:`Deactivate`}):w(`button`,{type:`button`,class:`main`,disabled:m,onClick:()=>void n.send({id:o}).then(t),children:`Activate`})]})}export{P as AdminUserPage};
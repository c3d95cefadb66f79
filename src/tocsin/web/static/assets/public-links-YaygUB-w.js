/*! Licenses of the bundled packages: /assets/licences.md */
import{o as e,p as t,t as n}from"./jsxRuntime.module-CnYUX-XB.js";import{_ as r,i,m as a,p as o,t as s,v as c}from"./time-BRH1184B.js";import{n as l}from"./definition-BRHBhdLB.js";import{J as u,n as d,t as f}from"./index-Hs8ExkQT.js";import{a as p,n as m,t as h}from"./form-CE7OeyD2.js";import{n as g,t as _}from"./secret-C3JGxXuA.js";var v=c(`
  fragment PublicLink on PublicLink @_unmask {
    id
    kind
    title
    requestInput
    hint
    createdAt
    lastUsedAt
    url
    badgeUrl
  }
`),y=c(`
    query PublicLinks($subject: ID!) {
      installation {
        hasPublicLinks
      }
      node(id: $subject) {
        __typename
        ... on Task {
          name
          publicLinks {
            ...PublicLink
          }
        }
        ... on Workflow {
          name
          definition
          publicLinks {
            ...PublicLink
          }
        }
      }
    }
  `,[v]),b=c(`
  mutation CreatePublicLink($input: CreatePublicLinkInput!) {
    createPublicLink(input: $input) {
      url
      userErrors {
        field
        message
      }
    }
  }
`),x=c(`
  mutation UpdatePublicLink($id: ID!, $title: String) {
    updatePublicLink(input: { id: $id, title: $title }) {
      userErrors {
        field
        message
      }
    }
  }
`),S=c(`
  mutation RotatePublicLink($id: ID!) {
    rotatePublicLink(input: { id: $id }) {
      url
      userErrors {
        message
      }
    }
  }
`),C=c(`
  mutation RevokePublicLink($id: ID!) {
    revokePublicLink(input: { id: $id }) {
      userErrors {
        message
      }
    }
  }
`),w=100;function T({subject:t,name:r,created:i,close:a}){let[o,s]=e(r),{send:c,isBusy:l,problems:u}=p(b);return n(f,{title:`New status page`,close:a,children:n(m,{problems:u,submit:async()=>{await c({input:{subjectId:t,kind:`STATUS`,title:o===r?null:o}})&&(i(),a())},children:[n(`p`,{children:`Everyone who has the link sees its title, its state, when its latest runs were due, and how many of them succeeded: no address, no error, no response.`}),n(D,{title:o,set:s}),n(k,{action:`Create link`,isBusy:l,close:a})]})})}function E({link:{id:t,title:r},name:i,changed:a,close:o}){let[s,c]=e(r??i),{send:l,isBusy:u,problems:d}=p(x);return n(f,{title:`Change the title`,close:o,children:n(m,{problems:d,submit:async()=>{await l({id:t,title:s===i?null:s})&&(a(),o())},children:[n(`p`,{children:`The URL stays. Other sites may show the former title for a minute.`}),n(D,{title:s,set:c}),n(k,{action:`Save`,isBusy:u,close:o})]})})}function D({title:e,set:t}){return n(h,{name:`title`,label:`Title`,hint:`On the badge and the page`,children:r=>n(`input`,{...r,required:!0,maxlength:w,autocomplete:`off`,value:e,onInput:e=>t(e.currentTarget.value)})})}function O({subject:t,inputs:r,created:i,close:a}){let[o,s]=e(``),{send:c,isBusy:l,problems:u}=p(b),d=r.filter(({type:e})=>e===`object`||e===`any`);return n(f,{title:`New trigger URL`,close:a,children:n(m,{problems:u,submit:async()=>{let e=await c({input:{subjectId:t,kind:`TRIGGER`,requestInput:o||null}});e?.createPublicLink.url&&(i(e.createPublicLink.url,o!==``),a())},children:[n(`p`,{children:`Whoever has the URL can start a run with a POST request, up to 60 times a minute. Treat it like a password.`}),d.length>0&&n(h,{name:`requestInput`,label:`Request`,children:e=>n(`select`,{...e,value:o,onChange:e=>s(e.currentTarget.value),children:[n(`option`,{value:``,children:`A JSON object of inputs`}),d.map(({name:e})=>n(`option`,{value:e,children:[`The input `,e,` gets all of it`]},e))]})}),n(k,{action:`Create URL`,isBusy:l,close:a})]})})}function k({action:e,isBusy:t,close:r}){return n(`div`,{class:`buttons`,children:[n(`button`,{type:`button`,onClick:r,children:`Cancel`}),n(`button`,{class:`main`,disabled:t,children:e})]})}function A({link:{id:e},what:r,done:i,renewed:a}){let o=p(S),s=p(C),c=o.isBusy||s.isBusy,l=async()=>{let t=`The present URL of this ${r} stops working at once.`;if(!await d({title:`Get a new URL?`,text:t,action:`New URL`}))return;let n=await o.send({id:e});n&&(u(`It has a new URL.`),n.rotatePublicLink.url&&a?.(n.rotatePublicLink.url)),i()},f=async()=>{let t=`The URL of this ${r} stops working at once, and for good.`;await d({title:`Revoke this link?`,text:t,action:`Revoke`})&&(await s.send({id:e})&&u(`The link is revoked.`),i())},m=o.problems.general||s.problems.general;return n(t,{children:[n(`button`,{type:`button`,disabled:c,onClick:()=>void l(),children:`New URL`}),n(`button`,{type:`button`,disabled:c,onClick:()=>void f(),children:`Revoke`}),m&&n(`p`,{class:`problem`,role:`alert`,children:m})]})}var j={string:`…`,integer:1,number:1.5,boolean:!0,array:[],object:{},any:`…`};function M(e,t,n){return`[![${e.replace(/[[\]\\]/g,`\\$&`)}](${t})](${n})`}function N(e,t,n){let r=t.filter(({isRequired:e})=>e),i=r.length>0?r:t.slice(0,1);if(n)return`curl '${e}' --json '{"any": "JSON"}'`;if(i.length===0)return`curl -X POST '${e}'`;let a=Object.fromEntries(i.map(({name:e,type:t})=>[e,j[t]??`…`]));return`curl '${e}' --json '${JSON.stringify(a).replaceAll(`'`,`\\u0027`)}'`}function P({link:r,name:i,done:a}){let{title:o,url:s,badgeUrl:c}=r,[l,u]=e(!1);if(s===null||c===null)return null;let d=M(o??i,c,s);return n(t,{children:[n(`div`,{class:`about`,children:[n(`img`,{class:`public-badge`,src:`${F(c)}?${encodeURIComponent(o??i)}`,alt:`Badge of ${o??i}`,height:20}),n(`p`,{class:`faint small`,children:`Badge and status page, for everyone who has the link`}),n(`code`,{class:`snippet`,children:d})]}),n(`div`,{class:`buttons`,children:[n(`a`,{class:`button`,href:F(s),target:`_blank`,rel:`noreferrer`,children:`Open page`}),n(_,{value:d,label:`Copy Markdown`}),n(_,{value:s,label:`Copy URL`}),n(`button`,{type:`button`,onClick:()=>u(!0),children:`Change title`}),n(A,{link:r,what:`badge and status page`,done:a})]}),l&&n(E,{link:r,name:i,changed:a,close:()=>u(!1)})]})}function F(e){return new URL(e).pathname}function I({link:e,done:r,renewed:i}){let{hint:a,requestInput:o,lastUsedAt:c,createdAt:l}=e;return n(t,{children:[n(`div`,{class:`about`,children:[n(`p`,{children:[`Trigger URL `,n(`code`,{children:[`…`,a]})]}),n(`p`,{class:`faint small`,children:[c?n(t,{children:[`Last used `,n(s,{at:c})]}):n(t,{children:[`Never used, created `,n(s,{at:l})]}),o&&n(t,{children:[` `,`· the request is the input `,n(`code`,{children:o})]})]})]}),n(`div`,{class:`buttons`,children:n(A,{link:e,what:`trigger URL`,done:r,renewed:i})})]})}function L({url:e,inputs:t,takesRequest:r,close:i}){return n(`div`,{class:`new-trigger`,children:[n(g,{label:`Whoever has this URL can start it.`,value:e,close:i}),n(`p`,{class:`faint small`,children:`For example:`}),n(`code`,{class:`snippet`,children:N(e,t,r)})]})}var R=5e3;function z({subject:e}){let{data:t,reread:i}=r(y,{subject:e},{concerns:e=>a(e)||o(e),pace:R}),s=t?.node;if(s?.__typename!==`Task`&&s?.__typename!==`Workflow`||!t?.installation.hasPublicLinks)return null;let c=s.__typename===`Workflow`?l(s.definition):[];return n(B,{subject:e,name:s.name,links:s.publicLinks,inputs:c,done:i})}function B({subject:t,name:r,links:a,inputs:o,done:s}){let[c,l]=e(null),[u,d]=e(null),f=()=>l(null),p=(e,t)=>{d({url:e,takesRequest:t}),s()};return n(i,{title:`Public links`,aside:n(V,{ask:l}),children:[u&&n(L,{url:u.url,inputs:o,takesRequest:u.takesRequest,close:()=>d(null)}),a.length===0&&!u&&n(`p`,{class:`faint`,children:`Show its state to people without an account by a badge and a status page, or let a webhook start it.`}),a.length>0&&n(`ul`,{class:`public-links`,children:a.map(e=>n(`li`,{children:e.kind===`STATUS`?n(P,{link:e,name:r,done:s}):n(I,{link:e,done:s,renewed:t=>p(t,e.requestInput!==null)})},e.id))}),c===`STATUS`&&n(T,{subject:t,name:r,created:s,close:f}),c===`TRIGGER`&&n(O,{subject:t,inputs:o,created:p,close:f})]})}function V({ask:e}){return n(`span`,{class:`new-links`,children:[n(`button`,{type:`button`,onClick:()=>e(`STATUS`),children:`New status page`}),n(`button`,{type:`button`,onClick:()=>e(`TRIGGER`),children:`New trigger URL`})]})}export{z as t};
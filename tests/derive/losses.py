"""Losses and likelihoods of statistics and machine learning, one to four levels deep, as a table.

A line is: expression | variables, each of which it is differentiated by in turn | shapes | assumptions.
Sizes: m, n, k, p, q, h are all different (see `points.SIZES`).
"""

from __future__ import annotations

GRADIENTS = """
# least squares and its relatives
norm2(A*x - y)^2 | x A y | A: m x n, x: n, y: m |
1/2*norm2(A*x - y)^2 + c/2*norm2(x)^2 | x A c | A: m x n, x: n, y: m, c: scalar |
norm2(A*x - y) + c*norm2(x) | x A | A: m x n, x: n, y: m, c: scalar |
(A*x - y)'*W*(A*x - y) | x A W y | A: m x n, x: n, y: m, W: m x m |
sum(relu(y - X*w) + relu(X*w - y)) | w | X: m x n, w: n, y: m |
-sum(Y.*log(exp(W*X)./(matrix(1)*exp(W*X)))) | W X | W: k x n, X: n x m, Y: k x m |
norm1(A*x - y) + c*norm1(x) | x A y | A: m x n, x: n, y: m, c: scalar |
sum(sqrt((A*x - y).^2 + c^2*vector(1))) | x A c | A: m x n, x: n, y: m, c: scalar |
sum(log(vector(1) + (A*x - y).^2/c)) | x A c | A: m x n, x: n, y: m, c: scalar | positive(c)
norm2(diag(w)*(A*x - y))^2 | x w A | A: m x n, x: n, y: m, w: m |
norm2(w.*(A*x - y))^2 | x w A | A: m x n, x: n, y: m, w: m |
norm2(A*x - y)^2/norm2(x)^2 | x A | A: m x n, x: n, y: m |
norm2(X*w + b*vector(1) - y)^2 + c*norm2(w)^2 | w b X | X: m x n, w: n, y: m, b: scalar, c: scalar |
tr((Y - X*B)'*(Y - X*B)) + c*norm2(B)^2 | B X Y | X: m x n, B: n x k, Y: m x k, c: scalar |
tr((Y - X*B)*inv(S)*(Y - X*B)') | B S X | X: m x n, B: n x k, Y: m x k, S: k x k | posdef(S)
y'*(eye - X*inv(X'*X + c*eye)*X')*y | X c y | X: m x n, y: m, c: scalar | positive(c)
norm2(y - X*inv(X'*X + c*eye)*X'*y)^2 | X c y | X: m x n, y: m, c: scalar | positive(c)
norm2(A*x - y)^4 | x | A: m x n, x: n, y: m |
exp(-norm2(x - y)^2/(2*s^2)) | x s | x: n, y: n, s: scalar |
(c + x'*y)^3 | x c | x: n, y: n, c: scalar |
tanh(a*x'*y + b) | x a b | x: n, y: n, a: scalar, b: scalar |
x'*y/(norm2(x)*norm2(y)) | x y | x: n, y: n |
1/2*norm2(W'*W*x - x)^2 | W x | W: k x n, x: n |
norm2(X - X*W*W')^2 | W X | X: m x n, W: n x k |
norm2(X - U*V')^2 + c*(norm2(U)^2 + norm2(V)^2) | U V X | X: m x n, U: m x k, V: n x k, c: scalar |
norm2(M.*(X - U*V'))^2 | U V M | X: m x n, U: m x k, V: n x k, M: m x n |
norm2(X - A*diag(s)*B')^2 | s A B | X: m x n, A: m x k, B: n x k, s: k |
norm2(X - U*exp(V)')^2 | V U | X: m x n, U: m x k, V: n x k |
sum(X.*log(X./(W*H)) - X + W*H) | W H | X: m x n, W: m x k, H: k x n | positive(W), positive(H), positive(X)
norm2(T*X - Y)^2 + c*norm2(X*D)^2 | X T | T: m x n, X: n x k, Y: m x k, D: k x p, c: scalar |
# linear classifiers
sum(log(vector(1) + exp(-y.*(X*w)))) + c/2*w'*w | w X c | X: m x n, w: n, y: m, c: scalar |
sum(softplus(X*w)) - y'*X*w | w X | X: m x n, w: n, y: m |
-y'*log(sigmoid(X*w)) - (vector(1) - y)'*log(vector(1) - sigmoid(X*w)) | w X | X: m x n, w: n, y: m |
logsumexp(W*x + s) - y'*(W*x + s) | W x s y | W: k x n, x: n, s: k, y: k |
-y'*log(softmax(W*x + s)) | W x s | W: k x n, x: n, s: k, y: k |
norm2(softmax(W*x) - y)^2 | W x y | W: k x n, x: n, y: k |
sum(log(exp(X*W)*vector(1))) - tr(Y'*X*W) | W X | X: m x n, W: n x k, Y: m x k |
-tr(Y'*log(exp(X*W)./(exp(X*W)*vector(1)*vector(1)'))) | W X | X: m x n, W: n x k, Y: m x k |
sum(relu(vector(1) - y.*(X*w))) + c*norm2(w)^2 | w X | X: m x n, w: n, y: m, c: scalar |
sum(relu(vector(1) - y.*(X*w)).^2) + c*norm2(w)^2 | w X | X: m x n, w: n, y: m, c: scalar |
sum(exp(-y.*(X*w))) | w X y | X: m x n, w: n, y: m |
sum(exp(X*w)) - y'*X*w | w X | X: m x n, w: n, y: m |
softmax(A*x)'*B*softmax(C*x) | x A B C | A: m x n, B: m x k, C: k x n, x: n |
logsumexp(A*x)*norm2(x)^2 | x A | A: m x n, x: n |
softmax(x)'*log(softmax(x)) | x | x: n |
# networks
1/2*norm2(V*tanh(W*x + s) + t - y)^2 | W V s t x | W: h x n, V: k x h, s: h, t: k, x: n, y: k |
1/2*norm2(V*relu(W*x + s) + t - y)^2 | W V s t x | W: h x n, V: k x h, s: h, t: k, x: n, y: k |
1/2*norm2(U*swish(V*sigmoid(W*x + s) + t) + w - y)^2 | W V U s t w | W: h x n, V: p x h, U: k x p, s: h, t: p, w: k, x: n, y: k |
logsumexp(V*relu(W*x + s) + t) - y'*(V*relu(W*x + s) + t) | W V s t x | W: h x n, V: k x h, s: h, t: k, x: n, y: k |
1/2*norm2(tanh(X*W + vector(1)*s')*V + vector(1)*t' - Y)^2 | W V s t X | X: m x n, W: n x h, s: h, V: h x k, t: k, Y: m x k |
1/2*norm2(swish(X*W + vector(1)*s')*v + b*vector(1) - y)^2 | W s v b | X: m x n, W: n x h, s: h, v: h, b: scalar, y: m |
norm2(W3*tanh(W2*tanh(W1*x)) - y)^2 | W1 W2 W3 x | W1: h x n, W2: p x h, W3: k x p, x: n, y: k |
sum(softplus(-Y.*(tanh(X*W)*V))) | W V X | X: m x n, W: n x h, V: h x k, Y: m x k |
norm2(X - tanh(X*W)*W')^2 | W X | X: m x n, W: n x h |
norm2(x - W'*sigmoid(W*x + s) - t)^2 + c*norm1(sigmoid(W*x + s)) | W s t | W: h x n, s: h, t: n, x: n, c: scalar |
norm2(x + V*relu(W*x) - y)^2 | W V x | W: h x n, V: n x h, x: n, y: n |
norm2(V*gelu(W*x + s) - y)^2 | W V s x | W: h x n, V: k x h, s: h, x: n, y: k |
sum(log(1/2*(vector(1) + erf(X*w)))) | w X | X: m x n, w: n |
sum(sigmoid(A*x + s).*tanh(B*x + t)) | A B x s t | A: m x n, B: m x n, s: m, t: m, x: n |
w'*tanh(H*tanh(H*x)) | H x w | H: n x n, x: n, w: n |
# attention, normalisation, kernels
tr(Y'*exp(Q*K'/sqrt(c))*V) | Q K V c | Q: m x k, K: n x k, V: n x p, Y: m x p, c: scalar | positive(c)
tr(Y'*inv(diag(exp(Q*K')*vector(1)))*exp(Q*K')*V) | Q K V | Q: m x k, K: n x k, V: n x p, Y: m x p |
x'*W1'*W2*y/sqrt(c) | W1 W2 x c | W1: k x n, W2: k x n, x: n, y: n, c: scalar | positive(c)
y'*(x - sum(x)/5*vector(1))/norm2(x - sum(x)/5*vector(1)) | x y | x: m, y: m |
norm2(g*(x - t)/sqrt(norm2(x - t)^2 + c) - y)^2 | x t g | x: m, t: m, y: m, g: scalar, c: scalar | positive(c)
y'*(x./sqrt(x.^2 + c*vector(1))) | x y c | x: m, y: m, c: scalar | positive(c)
tr(K*L)/(norm2(K)*norm2(L)) | K L | K: n x n, L: n x n | symmetric(L)
tr(X*X'*Y*Y')/(norm2(X*X')*norm2(Y*Y')) | X Y | X: m x n, Y: m x k |
tr(K*H*L*H) | K H L | K: n x n, L: n x n, H: n x n |
sum(exp(-(X.^2)*matrix(1) - matrix(1)*(Y.^2)' + 2*X*Y')) | X Y | X: m x n, Y: k x n |
tr(tanh(X'*X)*A) | X A | X: m x n, A: n x n |
sum(sigmoid(X*A*X')) | X A | X: m x n, A: n x n |
tr(exp(A*X)*B) | X A | A: k x m, X: m x n, B: n x k |
tr(sin(X)*cos(X)') | X | X: m x n |
# Gaussian likelihoods
-1/2*y'*inv(K)*y - 1/2*logdet(K) | K y | K: m x m, y: m | posdef(K)
-1/2*y'*inv(a*X*X' + b*eye)*y - 1/2*logdet(a*X*X' + b*eye) | X a b y | X: m x n, y: m, a: scalar, b: scalar | positive(a), positive(b)
-1/2*d*logdet(a*X*X' + inv(b)*eye) - 1/2*tr(inv(a*X*X' + inv(b)*eye)*Y*Y') | X a b Y | X: m x n, Y: m x k, a: scalar, b: scalar, d: scalar | positive(a), positive(b)
logdet(W*W' + c*eye) + tr(inv(W*W' + c*eye)*S) | W c S | W: m x k, S: m x m, c: scalar | symmetric(S), positive(c)
logdet(L*L' + diag(v)) + tr(S*inv(L*L' + diag(v))) | L v S | L: m x k, v: m, S: m x m | positive(v), posdef(S)
logdet(L*L' + diag(exp(v))) + y'*inv(L*L' + diag(exp(v)))*y | L v y | L: m x k, v: m, y: m |
(x - t)'*inv(S)*(x - t) + logdet(S) | x t S | x: n, t: n, S: n x n | posdef(S)
sqrt((x - y)'*inv(S)*(x - y)) | x y S | x: n, y: n, S: n x n | posdef(S)
(a - n1 - 1)/2*logdet(X) - 1/2*tr(inv(V)*X) - a/2*logdet(V) | X V a | X: n x n, V: n x n, a: scalar, n1: scalar | posdef(X), posdef(V)
-(c + 3)/2*log(1 + (x - t)'*inv(S)*(x - t)/c) - 1/2*logdet(S) | x t S | x: n, t: n, S: n x n, c: scalar | posdef(S), positive(c)
tr(inv(S)*A) - logdet(inv(S)*A) | S A | S: n x n, A: n x n | posdef(S), posdef(A)
logdet(S) - logdet(A) + tr(inv(S)*A) + (x - y)'*inv(S)*(x - y) | S A x y | S: n x n, A: n x n, x: n, y: n | posdef(S), posdef(A)
-logdet(P) + tr(S*P) + c*norm1(P) | P S | P: n x n, S: n x n, c: scalar | posdef(P), posdef(S)
det(S)^(-1/2)*exp(-1/2*x'*inv(S)*x) | S x | S: n x n, x: n | posdef(S)
logdet(eye + X'*inv(S)*X) | X S | S: m x m, X: m x n | posdef(S)
logdet(X'*A*X) - tr(inv(X'*A*X)*B) | X A | A: m x m, X: m x k, B: k x k | posdef(A)
tr((eye - A*inv(A'*A)*A')*S) | A S | A: m x k, S: m x m |
logdet(A - B*inv(D)*C/9) | A B C D | A: m x m, B: m x n, C: n x m, D: n x n | posdef(A), posdef(D)
y'*inv(diag(exp(w)) + K)*y | w K | y: n, w: n, K: n x n | posdef(K)
# traces, determinants, ratios
tr(X'*A*X)/tr(X'*B*X) | X A | A: m x m, B: m x m, X: m x k | posdef(B)
tr(inv(X'*B*X)*X'*A*X) | X A B | A: m x m, B: m x m, X: m x k | posdef(B), symmetric(A)
det(X'*A*X)/det(X'*B*X) | X | A: m x m, B: m x m, X: m x k | posdef(A), posdef(B)
tr(X)^3*det(X)^2 | X | X: n x n |
tr(X^3)^2/tr(X^2) | X | X: n x n | posdef(X)
log(tr(X'*A*X)) | X A | A: m x m, X: m x k | posdef(A)
sqrt(tr(X*A*X')) | X A | A: n x n, X: m x n | posdef(A)
exp(tr(A*X)) | X A | A: n x m, X: m x n |
sin(x'*A*x)*exp(-norm2(x)^2) | x A | A: n x n, x: n |
x'*A*x/(x'*x) | x A | A: n x n, x: n |
norm2(x)^3/norm1(x) | x | x: n |
(x'*A*x)^(3/2) | x A | A: n x n, x: n | posdef(A)
tr(A*inv(X)*B*inv(X)*C) | X A B C | A: n x n, B: n x n, C: n x n, X: n x n | invertible(X)
a'*inv(inv(A) + inv(B))*b | A B a | a: n, b: n, A: n x n, B: n x n | posdef(A), posdef(B)
tr(inv(eye + inv(eye + X'*X))) | X | X: m x n |
norm2(inv(A*X/9 + B))^2 | X A B | A: n x m, X: m x n, B: n x n | invertible(B)
tr(inv(X)^2*A) | X A | X: n x n, A: n x n | invertible(X)
tr((A*X)^3) | X A | A: n x m, X: m x n |
tr((X + X')^4) | X | X: n x n |
a'*X^5*b | X a | X: n x n, a: n, b: n |
det(A*X + B) + tr(A*X + B) | X A B | A: n x m, X: m x n, B: n x n |
log(det(X)^2) + det(inv(X)) | X | X: n x n | invertible(X)
# rearrangements and functions of matrices
tr(kron(X, Y)'*kron(A, B)) | X Y | X: m x n, Y: k x p, A: m x n, B: k x p |
logdet(kron(A, B)) | A B | A: n x n, B: p x p | posdef(A), posdef(B)
tr(kron(A*X, Y)) | X A Y | A: n x m, X: m x n, Y: p x p |
tr(diag(x)*A*diag(x)*B) | x A | x: n, A: n x n, B: n x n |
norm2(diag(A*B))^2 | A B | A: m x n, B: n x m |
sum(log(diag(X'*A*X))) | X A | A: m x m, X: m x k | posdef(A)
tr(diag(diag(X))*A) | X A | X: n x n, A: n x n |
x'*diag(tanh(A*x))*x | x A | x: n, A: n x n |
logdet(diag(x) + A) | x A | x: n, A: n x n | positive(x), posdef(A)
norm2(X - diag(diag(X)))^2 | X | X: n x n |
tr(expm(X)) | X | X: n x n |
tr(expm(A*X)*B) | X A B | A: n x m, X: m x n, B: n x n |
a'*expm(c*X)*b | X c a | X: n x n, a: n, b: n, c: scalar |
logdet(expm(X) + A) | X | X: n x n, A: n x n | posdef(A), symmetric(X)
tr(expm(X'*X)) | X | X: m x n |
tr(expm(X.*X)) - c | X | X: n x n, c: scalar |
norm2(pinv(X) - A)^2 | X A | X: m x n, A: n x m |
y'*X*pinv(X)*y | X y | X: m x n, y: m |
tr(A*pinv(X*B)) | X A B | A: m x k, X: m x n, B: n x k |
tr(adj(X)*A) | X A | X: n x n, A: n x n | invertible(X)
sum(adj(A*X)) | X A | A: n x m, X: m x n |
norm2(adj(X))^2/det(X) | X | X: n x n | invertible(X)
sum(X.^3) + sum((X.*X)./(matrix(1) + X.*X)) | X | X: m x n |
sum(abs(X).^(3/2)) | X | X: m x n |
sum(arctan(A*X)) + sum(arcsin(tanh(X))) + sum(arccos(X/9)) | X A | A: k x m, X: m x n |
sum(tan(X/3)) + sum(sinh(X)) + sum(cosh(X).*sin(X)) | X | X: m x n |
sum(x.^c) | x c | x: n, c: scalar | positive(x)
c^(x'*y) | x c | x: n, y: n, c: scalar | positive(c)
sum(x.^y) | x y | x: n, y: n | positive(x) |
norm2(X.*Y - A*B)^2 | X A B | X: m x n, Y: m x n, A: m x k, B: k x n |
norm2(log(X) - A)^2 | X A | X: m x n, A: m x n | positive(X)
sum(sqrt(X'*X)) | X | X: m x n | positive(X)
norm2(A*x)*norm2(B*x)/(a + logsumexp(x)) | x A a | A: m x n, B: k x n, x: n, a: scalar | positive(a)
# what looks symmetric and is not, and what is
det(X + X + X') + det(X.*X.*X') | X | X: n x n |
logdet(X + X' + A) - tr(inv(X + X' + A)*X) | X A | X: n x n, A: n x n | posdef(A), posdef(X)
# orthogonal, symmetric and structured variables
tr(Q'*A*Q*B) | Q A | Q: n x n, A: n x n, B: n x n | orthogonal(Q)
norm2(X'*X - eye)^2 | X | X: m x k |
tr(X'*A*X) - tr(D*(X'*X - eye)) | X D | X: m x k, A: m x m, D: k x k | symmetric(A)
tr(A*X*B*X) | X | A: n x n, B: n x n, X: n x n | structured-symmetric(X)
logdet(X) + tr(inv(X)*A) | X | A: n x n, X: n x n | structured-symmetric(X), symmetric(A)
norm2(A*X*B)^2 | X | A: m x n, X: n x n, B: n x k | structured-symmetric(X)
norm2(X)^2 + det(X) | X | X: n x n | structured-symmetric(X)
a'*inv(X)*b | X | X: n x n, a: n, b: n | structured-diagonal(X)
tr(expm(X)*A) | X | X: n x n, A: n x n | structured-diagonal(X)
"""

JACOBIANS = """
softmax(x) | x | x: n |
softmax(A*x + s) | x s | A: m x n, x: n, s: m |
A*tanh(B*x) | x | A: m x k, B: k x n, x: n |
x/norm2(x) | x | x: n |
x*x'*A*x | x | x: n, A: n x n |
diag(x)*A*x | x | x: n, A: n x n |
inv(A + x*x')*b | x | A: n x n, x: n, b: n | posdef(A)
exp(x)/sum(exp(x)) | x | x: n |
sigmoid(W2*relu(W1*x)) | x | W1: h x n, W2: k x h, x: n |
A*(y.*(B*x)) | x | A: k x m, B: m x n, x: n, y: m |
log(x)./x | x | x: n | positive(x)
x.^3 - norm2(x)^2*x | x | x: n |
x - A'*inv(A*A')*(A*x - y) | x y | A: k x n, x: n, y: k |
logsumexp(A*x)*x | x | A: m x n, x: n |
vec(A*X*B) | X | A: k x m, X: m x n, B: n x p |
vec(X') | X | X: m x n |
vec(X'*A*X) | X | X: m x n, A: m x m |
vec(inv(X)*A) | X | X: n x n, A: n x k | invertible(X)
vec(X.*A) | X | X: m x n, A: m x n |
vec(tanh(A*X)) | X | A: k x m, X: m x n |
vec(det(X)*X) | X | X: n x n | invertible(X)
A*X*b | X A b | A: k x m, X: m x n, b: n |
diag(X) | X | X: n x n |
diag(A*X) | X | A: n x m, X: m x n |
vec(diag(x)*A) | x | A: m x n, x: m |
norm2(A*x)^2 | x | A: m x n, x: n |
tr(A*X) | X | A: n x m, X: m x n |
inv(A + t*B) | t | A: n x n, B: n x n, t: scalar | posdef(A), posdef(B), positive(t)
expm(t*A) | t | A: n x n, t: scalar |
X*exp(t)*sin(t) | t | X: m x n, t: scalar |
softmax(t*x) | t | x: n, t: scalar |
inv(A*A' + t*eye)*y | t | A: m x n, y: m, t: scalar | positive(t)
vec(pinv(X)) | X | X: m x k |
X'*y + X'*X*w | X w y | X: m x n, y: m, w: n |
"""

HESSIANS = """
norm2(A*x - y)^2 | x | A: m x n, x: n, y: m |
sum(log(vector(1) + exp(-y.*(X*w)))) | w | X: m x n, w: n, y: m |
sum(softplus(X*w)) - y'*X*w | w | X: m x n, w: n, y: m |
logsumexp(x) - y'*x | x | x: n, y: n |
logsumexp(W*x + s) - y'*(W*x + s) | x | W: m x n, x: n, s: m, y: m |
x'*A*x/(x'*x) | x | x: n, A: n x n | symmetric(A)
norm2(x) | x | x: n |
sqrt(1 + norm2(x)^2) | x | x: n |
(x'*A*x)^2 | x | x: n, A: n x n |
exp(-x'*A*x/2) | x | x: n, A: n x n | posdef(A)
sum(exp(A*x)) | x | A: m x n, x: n |
sum(x.^4) + sum(x)^3 | x | x: n |
v'*tanh(W*x) | x | v: h, W: h x n, x: n |
1/2*norm2(tanh(W*x) - y)^2 | x | W: m x n, x: n, y: m |
-sum(log(s + A*x)) | x | A: m x n, x: n, s: m | positive(A), positive(x), positive(s)
log(1 + x'*x) | x | x: n |
norm2(A*x)/norm2(x) | x | A: m x n, x: n |
x'*diag(x)*A*x | x | x: n, A: n x n |
logdet(A + t*B) | t | A: n x n, B: n x n, t: scalar | posdef(A), posdef(B), positive(t)
exp(t*x'*y) | t | x: n, y: n, t: scalar |
logdet(X) | X | X: n x n | invertible(X)
tr(X'*A*X*B) | X | A: m x m, X: m x k, B: k x k |
tr(inv(X)*A) | X | X: n x n, A: n x n | posdef(X)
norm2(A*X - Y)^2 | X | A: m x n, X: n x k, Y: m x k |
sum(exp(A*X)) | X | A: p x m, X: m x k |
tr(X^3) | X | X: n x n |
norm2(X'*X - A)^2 | X | X: m x k, A: k x k |
det(X) | X | X: n x n | invertible(X)
"""

DIFFERENTIALS = """
A*X*B*Y | X,Y | A: k x m, X: m x n, B: n x p, Y: p x q |
inv(X'*X + A) | X,A | X: m x n, A: n x n | posdef(A)
X*inv(X'*X)*X' | X | X: m x k |
det(X)*inv(X) | X | X: n x n | invertible(X)
expm(X*Y) | X,Y | X: n x m, Y: m x n |
pinv(X)*y | X,y | X: m x k, y: m |
kron(X, Y)*A | X,Y | X: 2 x 3, Y: 3 x 2, A: 6 x m |
diag(X*Y) | X,Y | X: m x n, Y: n x m |
diag(x)*X*y | x,X,y | x: m, X: m x n, y: n |
softmax(W*x) | W,x | W: m x n, x: n |
tanh(W*X + x*vector(1)') | W,X,x | W: h x n, X: n x m, x: h |
X/norm2(X) | X | X: m x n |
X^3*Y' | X,Y | X: n x n, Y: m x n |
logdet(X)*tr(X*Y) | X,Y | X: n x n, Y: n x n | posdef(X)
vec(X)*vec(Y)' | X,Y | X: k x p, Y: m x n |
t*X + t^2*Y | t,X,Y | t: scalar, X: m x n, Y: m x n |
adj(X)*Y | X,Y | X: n x n, Y: n x n | invertible(X)
X.*Y./(matrix(1) + X.^2) | X,Y | X: m x n, Y: m x n |
"""


#: Gradients and Jacobians with identities whose sizes follow only from the products of sizes around them.
PARTIAL_TRACES = """
norm2(kron(A, X) - B)^2 | A X | A: 2 x 3, X: 3 x 4, B: 6 x 12 |
vec(X)'*A*vec(X) | X A | X: 2 x 3, A: 6 x 6 |
norm2(A*vec(X) - y)^2 | X A | X: 2 x 3, A: 4 x 6, y: 4 |
vec(A*X*B)'*y | X A B | A: 2 x m, X: m x n, B: n x 3, y: 6 |
y'*kron(A, B)*x | A B x | A: 2 x 3, B: 4 x 2, x: 6, y: 8 |
norm2(A*vec(X) - y)^2 | X A | X: m x n |
y'*kron(A*X, B)*x | A X B y | A: k x p, X: p x m, B: q x n |
sum(tanh(kron(A, X)).^2) | A X | A: k x p, X: m x n |
"""

KRONECKER_JACOBIANS = """
vec(kron(X, A)) | X | X: k x p, A: p x k |
vec(kron(A, X)) | X | X: k x p, A: p x k |
"""


def rows(table: str) -> list[tuple[str, str, str, str]]:
    """Return the lines of a table, one for each variable, as (expression, variable, shapes, assumptions)."""
    found = []
    for line in table.strip().splitlines():
        if not line.startswith("#"):
            expr, variables, where, assume, *_ = (part.strip() for part in [*line.split("|"), ""])
            found += [(expr, wrt, where, assume) for wrt in variables.split()]
    return found

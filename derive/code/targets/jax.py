"""How JAX spells the operations of a plan: as NumPy does, where it can."""

from derive.code.targets.numpy import OPERATIONS as NUMPY_OPERATIONS
from derive.code.targets.target import Target, calls_of

OPERATIONS = {
    k: v.replace("np.", "jnp.").replace("jnp.linalg.matrix_power", "jnp.linalg.matrix_power").replace("scipy.", "jax.scipy.")
    for k, v in NUMPY_OPERATIONS.items()
} | {
    "norm": "jnp.linalg.norm({0})",
    "nonzero": "jnp.where({0} == 0, 1, {0})",
    "lu signdet": "jnp.prod(jnp.sign(jnp.diagonal({0}[0])))*(-1.0)**jnp.count_nonzero({0}[1] != jnp.arange(len({0}[1])))",
    "cholesky": "jax.scipy.linalg.cho_factor({0}, lower=True)",
    "cholesky solve": "jax.scipy.linalg.cho_solve({0}, {1})",
    "cholesky inverse": "jax.scipy.linalg.cho_solve({0}, jnp.eye({rows}, dtype=dtype))",
    "lu": "jax.scipy.linalg.lu_factor({0})",
    "lu solve": "jax.scipy.linalg.lu_solve({0}, {1})",
    "lu solve transposed": "jax.scipy.linalg.lu_solve({0}, {1}, trans=1)",
    "lu inverse": "jax.scipy.linalg.lu_solve({0}, jnp.eye({rows}, dtype=dtype))",
    "kron": "jnp.kron({0}, {1})",
    "diagflat": "jnp.diagflat({0})",
    "fresh": "{0}",
    "number": "jnp.asarray({0}, dtype)",
    "count": "max({0}, 1)",
}  # fmt: skip

JAX = Target(
    name="jax",
    words="JAX",
    imports={"jnp": "import jax.numpy as jnp", "jax.scipy.linalg": "import jax.scipy.linalg", "jax.scipy.special": "import jax.scipy.special", "jax.nn": "import jax.nn"},
    operations=OPERATIONS,
    calls=calls_of(
        "jnp",
        erf="jax.scipy.special.erf({0})",
        relu="jnp.maximum({0}, 0)",
        sigmoid="jax.nn.sigmoid({0})",
        softplus="jnp.logaddexp(0, {0})",
        log_ndtr="jax.scipy.special.log_ndtr({0})",
    ),
    functions={
        "expm 1": "jax.scipy.linalg.expm({0})",
        "sqrtm 1": "jax.scipy.linalg.sqrtm({0}).real",
        "pinv 1": "jnp.linalg.pinv({0})",
        "toeplitz 1": "(lambda x, i: jnp.zeros(2*len(x), dtype).at[i].add(x)[i])({0}, jnp.arange(len({0}))[:, None] - jnp.arange(len({0})) + len({0}))",
        "columns of eye 3": "jnp.eye({2}, {1}, -{0}, dtype=dtype)",
        "above 1": "jnp.triu(jnp.ones(({0}, {0}), dtype=dtype), 1)",
        "commutation 2": "jnp.eye({0}*{1}, dtype=dtype).reshape({1}, {0}, {0}*{1}).transpose(1, 0, 2).reshape({0}*{1}, {0}*{1})",
        "eigval 2": "jnp.linalg.eigvalsh({0})[{1} - 1]",
        "dexpm 2": "jax.scipy.linalg.expm_frechet({0}, {1}, compute_expm=False)",
    },
    prefix="jnp.",
    typed=".astype(dtype)",
    note="float32 unless jax_enable_x64 is set",
)  # fmt: skip
